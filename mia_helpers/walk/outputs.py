"""A map before trained models: learnt from shadows where it learns, and what is seen through it."""

from dataclasses import replace

import numpy as np

from mia_helpers.attacks.records import Records
from mia_helpers.learning import outputs
from mia_helpers.learning.outputs import Output
from mia_helpers.walk.models import Model, answers_of


def learnt_from(output: str | None, shadows: tuple[Model, ...]) -> tuple[Model, ...]:
    """Return the models that it takes to learn the map; most have nothing to learn."""
    return shadows if output and outputs.named(output).learns else ()


def mapped_by(output: str | None, shadows: tuple[Model, ...]) -> dict:
    """Return what a result depends on besides, where there is a map."""
    if output is None:
        return {}
    return {"output": output, "learnt_from": [shadow.name for shadow in learnt_from(output, shadows)]}


def fitted(output: str | None, shadows: tuple[Model, ...]) -> Output | None:
    """Return the map, learnt if need be; None where there is none."""
    if output is None:
        return None
    before, chosen = outputs.named(output), learnt_from(output, shadows)
    if chosen:
        records = answers_of(chosen)
        before.fit(records.probs, records.member)
    return before


def shown(before: Output | None, records: Records) -> Records:
    """Return the records as whoever asks sees them."""
    return replace(records, probs=before.transform(records.probs)) if before else records


def confidence_of(before: Output, records: Records) -> np.ndarray:
    """Return the log-odds of the true class in what is shown, float32 (n,), no larger than the map can tell apart."""
    odds, finest = records.log_odds, before.finest
    most = np.log1p(-finest) - np.log(finest) if finest else np.inf
    return np.clip(odds, -most, most).astype(np.float32)
