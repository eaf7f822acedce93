"""The paper's claims before the modern attacker: what is asked, what answers it, and the tables."""

from mia_helpers.report.modern.claims import claims_table
from mia_helpers.report.modern.tables import attacks_table, overview, root_for, verdicts_table, write
