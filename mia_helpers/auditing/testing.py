"""For the tests of a project that trains a model: a test that fails where the model surely leaks.

from mia_helpers.auditing.testing import assert_no_leak

def test_the_model_does_not_leak(answers):
    assert_no_leak(answers, "tpr_at_1pct_fpr=0.05")
"""

from mia_helpers.auditing.from_scores import audit_scores
from mia_helpers.auditing.report import AuditReport


def assert_no_leak(audited, *rules: str, seed: int = 0) -> AuditReport:
    """Return the report; raise an AssertionError that says how much leaks if a rule is broken.

    Parameters
    ----------
    audited : AuditReport, or what `audit_scores` takes
    rules : str
        One or more, such as "tpr_at_1pct_fpr=0.05" (see `AuditReport.failures`).

    Raises
    ------
    AssertionError
        If a rule is broken: the interval's lower end is above its number.
    MIAError
        If the answers or a rule make no sense.
    """
    __tracebackhide__ = True  # pytest then shows the caller's line
    report = audited if isinstance(audited, AuditReport) else audit_scores(audited, seed=seed)
    if failures := report.failures(*rules):
        raise AssertionError("\n".join([*failures, *report.warnings]))
    return report
