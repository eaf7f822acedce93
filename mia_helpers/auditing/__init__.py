"""Audit your own model: from its answers to a report in words, tables and one page.

`audit_scores` takes answers (`AuditAnswers`, a DataFrame or a file) and returns an `AuditReport`. An audit that trains
reference models itself would make the same answers. It may use `attacks`, `engine` and the style of `plots`.
"""

from mia_helpers.auditing.answers import AuditAnswers
from mia_helpers.auditing.from_scores import audit_scores
from mia_helpers.auditing.reading import read
from mia_helpers.auditing.report import AuditReport
