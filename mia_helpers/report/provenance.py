"""What the tables of a profile were made with."""

from collections.abc import Iterable

from mia_helpers.attacks.controls import without
from mia_helpers.engine import environment, store
from mia_helpers.report.ledger import commits_of, kept
from mia_helpers.walk.attackers import Attacker
from mia_helpers.walk.controls import Twins
from mia_helpers.walk.experiment import Experiment
from mia_helpers.walk.profiles import Profile
from mia_helpers.walk.work import Work, needed

STAGES = ("training", "attacks")


def manifest(profile: Profile, not_run: Iterable[str] = ()) -> dict:
    """Return what the tables of a profile were made with: code, data, machines, versions, parameters, seconds.

    `git_commit` drew the tables, `git_commits` read the artifacts. `stages` has the seconds of training and of
    attacking for each experiment and study, each artifact counted where it is used first, and how many of them are not
    here but in a ledger. `twins` tells, for each experiment where they were searched, how many pairs of a member and a
    non-member of its target are the same record, or nearly, and what becomes of attacks without those records.
    `not_run` is what claims could not be judged.
    """
    seen: dict[str, dict] = {}
    stages = {
        f"{exp}{study and f', {study}'}": _stages([*needed(attackers), *attackers, *_controls(exp, study)], seen)
        for exp, study, attackers in profile.works()
    }
    hours = {s: sum(stage[s]["seconds"] for stage in stages.values()) / 3600 for s in STAGES}
    return {
        "profile": profile.name,
        "git_commit": environment.git_commit(),
        "git_commits": commits_of(profile),
        "data": {exp.dataset: exp.source for exp, *_ in profile.works()},
        "machines": sorted({told["machine"] for told in seen.values()}),
        "versions": _distinct([told["versions"] for told in seen.values()]),
        "drawn_with": environment.versions("scipy", "pandas", "matplotlib", "seaborn"),
        "experiments": [exp.parameters() for exp in profile.experiments],
        "studies": [{"study": name, **exp.parameters()} for name, exp in profile.studies],
        "core_hours_of_training": round(hours["training"], 2),
        "hours_of_attacks": round(hours["attacks"], 2),
        "stages": stages,
        "twins": {str(exp): found for exp in profile.experiments if (found := _twins_of(exp))},
        "not_run": list(not_run),
    }


def _controls(exp: Experiment, study: str) -> list[Work]:
    """Return the controls that were computed: of further seeds, twins alone are."""
    return [] if study else [work for work in exp.controls() if facts(work)]


def _twins_of(exp: Experiment) -> dict | None:
    """Return the pairs of twins of each kind, and the accuracy of two attacks with and without their records."""
    twins, attackers = exp.twins_work(), [exp.attacker(name) for name in ("shokri", "threshold")]
    counts = _twins(twins)
    return counts and counts | {"accuracy": [found for a in attackers if (found := _without_twins(a, twins))]}


@kept
def _twins(twins: Twins) -> dict[str, int]:
    counts = twins.table()["kind"].value_counts()
    return {kind: int(counts.get(kind, 0)) for kind in ("identical", "near")}


@kept
def _without_twins(attacker: Attacker, twins: Twins) -> dict:
    return without(attacker.result(), twins.of(attacker.victim.records()))


def _stages(works: list[Work], seen: dict[str, dict]) -> dict:
    """Return how many artifacts of each stage there are, and their seconds; add those counted here to `seen`."""
    told = {work.name: (work, facts(work)) for work in works}
    new = {name: pair for name, pair in told.items() if pair[1] and name not in seen}
    seen |= {name: found for name, (_, found) in new.items()}
    counted = {"missing": sum(not found for _, found in told.values())}
    counted["from_ledger"] = sum(not work.is_done() for work, _ in new.values())
    for stage in STAGES:
        seconds = [found["seconds"] for work, found in new.values() if work.stage == stage]
        counted[stage] = {"artifacts": len(seconds), "seconds": round(sum(seconds), 1)}
    return counted


@kept
def facts(work: Work) -> dict:
    """Return how a work's artifact was made: seconds, backend, machine, versions."""
    told = store.facts(work.name)
    return {name: told[name] for name in ("seconds", "backend", "machine", "versions")}


def _distinct(items: list[dict]) -> list[dict]:
    return [dict(pairs) for pairs in sorted({tuple(sorted(item.items())) for item in items})]
