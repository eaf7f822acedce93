"""What an audit does not say, and what to do with what it says: the part of every report that is not measured."""

UNLIKE = "Members and non-members are not from the same distribution"  # how a check begins that says so
NO_LIGHT = (
    "A green light would say that a model is safe, and no figure here can. What is found is what these attacks find on "
    "these records: a lower bound. Whether a share of members found at 1% false alarms is too much depends on who is "
    "harmed when membership is known, and a stronger attack, or one more record, may find more. Decide on a limit for "
    "your case before you look, and let it be checked (--fail-above); the interval's lower end counts, so that it "
    "fails only where the leak is sure.",
)


def sections(about: dict) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return key, heading and items of what was not tested, what is not proved, and what to do next."""
    return [
        ("untested", "What was not tested", _untested(about)),
        ("unproved", "What the figures do not prove", _unproved()),
        ("next", "What to do next", _next(about)),
    ]


def _untested(about: dict) -> tuple[str, ...]:
    found = ["Attackers with white-box access: weights, gradients, or the model at several times of its training."]
    if not about["references"]:
        found.append(
            "Attackers with reference models (LiRA, RMIA), who compare each record with models that do and do not know "
            "it. They often find several times as many members at few false alarms."
        )
    return (
        *found,
        "Attackers who ask more than once, about changed records, or who may put records into the training set.",
        "Records outside this sample, and what else a model may give away: attributes, or training data itself.",
        "Another training run: the same recipe with another seed may leak more, or less.",
    )


def _unproved() -> tuple[str, ...]:
    return (
        "That members are remembered, if members and non-members differ in another way (time, source, selection). "
        "Membership inference between two distributions measures their difference.",
        "That the model is safe where nothing is found. Figures are averages: few records may be fully exposed while "
        "the AUC is near 0.5.",
        "That a person can be named. An attack answers one question: was this record in the training set?",
    )


def _next(about: dict) -> tuple[str, ...]:
    found = []
    if not about["references"] and "notes" in about:  # the model itself was audited
        found.append(
            "Ask for 16 or more reference models (n_references=16, or --references 16): LiRA and RMIA are measured "
            "then, and how often each record is caught."
        )
    elif not about["references"]:
        found.append(
            "Train 16 or more reference models on random halves of the same records, and give their log-odds as phi_0, "
            "… with in_0, …: LiRA and RMIA are measured then, and how often each record is caught."
        )
    if about["kind"] == "probabilities":
        found.append("Give logits in the place of probabilities, if you have them: nothing is rounded near 0 and 1.")
    if about["non_members"] < 10_000:
        found.append("Give more non-members from the same pool: rates at few false alarms are known better.")
    return (
        *found,
        "If it leaks: stop training earlier, regularise, collect more records, or train with differential privacy "
        "(DP-SGD), which alone gives an upper bound. Hiding or rounding the answers does not make a model forget.",
        "Audit again in the same way, and compare (--baseline).",
    )
