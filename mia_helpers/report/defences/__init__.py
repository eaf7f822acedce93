"""Defences, judged: D1 to D6, what is asked, what answers it, and the tables."""

from mia_helpers.report.defences.claims import claims_table, verdicts_table
from mia_helpers.report.defences.tables import overview, points_table, root_for, write
