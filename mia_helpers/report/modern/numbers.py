"""The numbers that README and docs tell of M1 to M10, by name, from the tables of profile `modern`."""

from mia_helpers.report.formats import hours, number, percent, signed
from mia_helpers.report.lookup import claim, mean, told
from mia_helpers.walk.studies import AS_IT_IS

FOUND = "members found at a false-positive rate of 0.1%"
AUC = "AUC"
PLAIN = {"study": "modern", "dataset": "cifar10", "train_size": 2500, "l2": 0, "attack": "lira"}


def _found(name: str, *parts: str, column: str = "lira"):
    return percent, claim(name, *parts, FOUND, column=column)


def _of_sizes(ds: int, n: int) -> dict:
    """Return what is told of one size: found by LiRA, RMIA and the paper's attack, and LiRA's AUC."""
    start = f"ds {ds}, {n} models"
    by = {who: _found("M1", start, column=who) for who in ("lira", "rmia", "paper")}
    by |= {"lira.low": _found("M1", start, column="lira_low"), "lira.high": _found("M1", start, column="lira_high")}
    by["lira.auc"] = number, claim("M1", f"{start}: {AUC}", column="lira")
    return {f"m1.{who}.{ds}": found for who, found in by.items()}


MODERN = {
    **_of_sizes(2500, 64),
    **_of_sizes(5000, 16),
    **_of_sizes(10000, 16),
    **_of_sizes(15000, 16),
    **{
        f"m2.{what}{end}.{large}": (
            form,
            claim("M2", f"ds {large} minus ds {small}, 16 models: {name}", column=column),
        )
        for small, large in ((2500, 5000), (5000, 10000), (10000, 15000))
        for what, name in {"found": FOUND, "auc": AUC}.items()
        for end, column, form in (("", "lira", signed), (".verdict", "verdict", str))
    },
    "m1.chosen": (percent, mean("attacks", "tpr_01pct", **PLAIN, n_references=62)),
    "m1.came": (percent, mean("attacks", "fpr_01pct", **PLAIN, n_references=62)),
    # Adult.
    **{
        f"m4.{who}.{scaling}": (number, claim("M4", f"adult, {scaling} columns: {what}", column="lira"))
        for scaling in ("paper", "standardised")
        for who, what in {"auc": AUC, "exposed": "AUC over the most exposed percent of the records"}.items()
    },
    # The penalty.
    **{
        f"m5.{who}.{ds}": (number, claim("M5", f"ds {ds} with L2: accuracy", column=who))
        for ds in (2500, 15000)
        for who in ("lira", "paper")
    },
    "m5.stopped.15000": (str, claim("M5", "ds 15000 with L2: accuracy", column="verdict")),
    **{f"m5.found.{ds}": _found("M5", f"ds {ds} with L2:") for ds in (2500, 15000)},
    # How many models.
    **{
        f"m6.{who}.{n}": _found("M6", f"ds 2500, {n} references, online", column=who)
        for who in ("lira", "rmia")
        for n in (4, 16)
    },
    "m6.lira.32": _found("M6", "ds 2500, 32 references, online"),
    "m6.rmia.2": _found("M6", "ds 2500, 2 references, online", column="rmia"),
    "m6.offline": _found("M6", "ds 2500, 62 references, offline"),
    "m6.shadows": _found("M6", "ds 2500, 10 shadows, offline"),
    # Classes, and other recipes.
    "m10.right": (
        percent,
        mean("attacks", "tpr_at_01pct_fpr", **PLAIN | {"study": "modern_recipes"}, setting=AS_IT_IS),
    ),
    **{f"m7.lira.{k}": _found("M7", f"{k} classes: ") for k in (2, 5, 10)},
    **{
        f"m10.{who}.{change.partition('=')[0]}": (signed, claim("M10", f"references with {change} minus", column=who))
        for who in ("lira", "rmia")
        for change in ("epochs=50", "optimizer=sgd", "batch_size=128", "scaling=standardised")
    },
    **{
        f"m10.offline.{setting.partition('=')[0].replace(' ', '-')}": (
            percent,
            mean(
                "attacks",
                "tpr_at_01pct_fpr",
                **PLAIN | {"study": "modern_recipes", "attack": "lira_offline"},
                setting=setting,
            ),
        )
        for setting in (AS_IT_IS, "epochs=50", "optimizer=sgd", "batch_size=128", "scaling=standardised")
    },
    "m10.came.sgd": (percent, claim("M10", "references with optimizer=sgd: rate of false alarms", column="lira")),
    # Epochs.
    **{f"m9.{who}.{n}": _found("M9", f"epochs={n} ", column=who) for who in ("lira", "rmia") for n in (1, 20, 50, 100)},
    "m.hours.training": (hours, told("core_hours_of_training")),
}
