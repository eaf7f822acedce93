"""The report on a profile: what the paper says, verdicts on its claims, tables, and their `figures`.

From artifacts alone: nothing is trained. It may use everything but `batch`.
"""

from mia_helpers.report import paper
from mia_helpers.report.claims import claims_table
from mia_helpers.report.ledger import entries_of
from mia_helpers.report.provenance import manifest
from mia_helpers.report.studies import studies_table, thresholds_table
from mia_helpers.report.tables import (
    METRICS_COLUMNS,
    figures_dir,
    intervals_table,
    metrics_table,
    overview,
    read_metrics,
    realised_table,
    results_dir,
    root_for,
    verdicts_table,
    write,
)
from mia_helpers.report.verdicts import VERDICTS
