"""Audit your own model: from the model, or its answers, to a report in words, tables and one page.

`audit` asks a model and can train references of it; `audit_scores` takes answers (`AuditAnswers`, a DataFrame or a
file). Both return an `AuditReport`. It may use `attacks`, `engine` and the style of `plots`.
"""

from mia_helpers.auditing.answers import AuditAnswers
from mia_helpers.auditing.from_model import audit
from mia_helpers.auditing.from_scores import audit_scores
from mia_helpers.auditing.reading import read
from mia_helpers.auditing.report import AuditReport
