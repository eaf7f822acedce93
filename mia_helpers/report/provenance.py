"""What the tables of a profile were made with."""

from collections.abc import Iterable

from mia_helpers.engine import environment, store
from mia_helpers.walk.profiles import Profile
from mia_helpers.walk.work import Work, needed

STAGES = ("training", "attacks")


def manifest(profile: Profile, not_run: Iterable[str] = ()) -> dict:
    """Return what the tables of a profile were made with: code, data, machines, versions, parameters, seconds.

    `stages` has the seconds of training and of attacking for each experiment and study, each artifact counted where it
    is used first. `not_run` is what claims could not be judged.
    """
    seen: dict[str, dict] = {}
    stages = {
        f"{exp}{study and f', {study}'}": _stages([*needed(attackers), *attackers], seen)
        for exp, study, attackers in profile.works()
    }
    hours = {s: sum(stage[s]["seconds"] for stage in stages.values()) / 3600 for s in STAGES}
    return {
        "profile": profile.name,
        "git_commit": environment.git_commit(),
        "data": {exp.dataset: exp.source for exp in profile.experiments},
        "machines": sorted({told["machine"] for told in seen.values()}),
        "versions": _distinct([told["versions"] for told in seen.values()]),
        "drawn_with": environment.versions("scipy", "pandas", "matplotlib", "seaborn"),
        "experiments": [exp.parameters() for exp in profile.experiments],
        "studies": [{"study": name, **exp.parameters()} for name, exp in profile.studies],
        "core_hours_of_training": round(hours["training"], 2),
        "hours_of_attacks": round(hours["attacks"], 2),
        "stages": stages,
        "not_run": list(not_run),
    }


def _stages(works: list[Work], seen: dict[str, dict]) -> dict:
    """Return how many artifacts of each stage there are, and their seconds; add those counted here to `seen`."""
    there = {work.name: work for work in works if work.is_there()}
    new = {name: work for name, work in there.items() if name not in seen}
    seen |= {name: store.facts(name) for name in new}
    told = {"missing": sum(work.name not in there for work in works)}
    for stage in STAGES:
        seconds = [seen[name]["seconds"] for name, work in new.items() if work.stage == stage]
        told[stage] = {"artifacts": len(seconds), "seconds": round(sum(seconds), 1)}
    return told


def _distinct(items: list[dict]) -> list[dict]:
    return [dict(pairs) for pairs in sorted({tuple(sorted(item.items())) for item in items})]
