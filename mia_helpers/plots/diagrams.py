"""The drawings: where a notebook stands in the walk, and the paper's Figures 1-3, drawn afresh."""

import matplotlib.pyplot as plt

from mia_helpers.plots.alt import say
from mia_helpers.walk.road import ROAD

BOX, DATA, MODEL, RESULT = "#eeeeee", "#d7e8f5", "#fbe3cf", "#dcefd9"


def draw_road_map(here: int):
    """Draw the notebooks as a road, with number `here` filled."""
    ax = _canvas(2 * len(ROAD), 1.0, figsize=(9, 1.0))
    for i, page in enumerate(ROAD):
        _box(
            ax,
            2 * i + 0.9,
            0.5,
            f"{page.stem[:2]}\n{page.place}",
            width=1.6,
            color=RESULT if i + 1 == here else BOX,
            bold=i + 1 == here,
            size=9,
        )
        if i:
            _arrow(ax, (2 * i - 0.28, 0.5), (2 * i + 0.08, 0.5))
    places = " → ".join(page.place.replace("\n", " ") for page in ROAD)
    return say(ax, f"Road map of {len(ROAD)} notebooks: {places}. This is {here}, {ROAD[here - 1].place}.")


def draw_attack():
    """Draw the end-to-end attack (paper: Figure 1): a query, the target's answer, the attack model, in or out."""
    ax = _canvas(14, 3.4)
    _box(ax, 1.5, 2.5, "record x\nits true class y", color=DATA)
    _box(ax, 5.2, 2.5, "target model\n(black box)", color=MODEL)
    _box(ax, 8.9, 2.5, "answer ŷ\nk probabilities", color=DATA)
    _box(ax, 8.9, 0.7, "attack model\nof class y", color=MODEL)
    _box(ax, 12.5, 0.7, "in or out?\nmember of the\ntraining set", color=RESULT)
    _arrow(ax, (2.8, 2.5), (3.9, 2.5), "query")
    _arrow(ax, (6.5, 2.5), (7.6, 2.5))
    _arrow(ax, (8.9, 1.95), (8.9, 1.25), "ŷ", dx=0.25)
    _arrow(ax, (1.5, 1.95), (7.6, 0.7), "y chooses the attack model", rad=0.25, dx=0.6, dy=-0.32)
    _arrow(ax, (10.2, 0.7), (11.2, 0.7))
    ax.set_title(
        "The attack, end to end: from one answer of the target to a guess about its training set",
        loc="left",
        fontsize=12,
    )
    return say(
        ax,
        "Diagram of the attack, from left to right: a record x of true class y is the query to the target model, a "
        "black box, whose answer ŷ has k probabilities; y chooses one of the attack models, which reads ŷ and says in "
        "or out: whether x was in the training set.",
    )


def draw_shadow_models(n_shadows: int = 3):
    """Draw how shadow models are trained like the target, on data the target never saw (paper: Figure 2)."""
    ax = _canvas(14, 5.4)
    rows = [
        ("target", "private", 4.6),
        ("shadow 0", "attacker's", 2.9),
        ("…", "", 1.85),
        (f"shadow {n_shadows - 1}", "attacker's", 0.8),
    ]
    for name, owner, y in rows:
        if name == "…":
            ax.text(7.1, y, "⋮", ha="center", va="center", fontsize=14)
            continue
        _box(ax, 2.0, y, f"training set\n({owner})", color=DATA)
        _box(ax, 7.1, y, f"{name} model", color=MODEL)
        _box(ax, 12.0, y, "unknown: in or out?" if name == "target" else "known: in and out", color=RESULT, width=3.2)
        _arrow(ax, (3.3, y), (5.8, y), "same training")
        _arrow(ax, (8.4, y), (10.4, y), "answers")
    ax.axhline(3.75, color="0.6", ls="--")
    ax.text(0.1, 3.83, "no record in common", fontsize=10, color="0.35")
    ax.set_title(
        f"Shadow models: {n_shadows} rehearsals of the target whose members the attacker knows", loc="left", fontsize=12
    )
    return say(
        ax,
        f"Diagram of shadow models, one row each: above a line, the target is trained on a private set, and who was in "
        f"it is unknown; below, {n_shadows} shadows are trained alike on the attacker's own sets, and who was in those "
        f"is known. No record is common to both sides of the line.",
    )


def draw_attack_set():
    """Draw how the shadows' answers become the attack's training set, split by true class (paper: Figure 3)."""
    ax = _canvas(14, 4.6)
    for y, part, mark in ((3.6, "its training records", "in"), (1.0, "its test records", "out")):
        _box(ax, 1.6, y, part, color=DATA, width=2.7)
        _box(ax, 8.0, y, f"(y, ŷ, {mark})", color=RESULT if mark == "in" else BOX)
        _arrow(ax, (3.0, y), (3.9, 2.3 + 0.25 * (1 if mark == "in" else -1)))
        _arrow(ax, (6.1, 2.3 + 0.25 * (1 if mark == "in" else -1)), (6.7, y))
    _box(ax, 5.0, 2.3, "each\nshadow model", color=MODEL, width=2.1)
    for y, name in ((3.9, "class 0"), (2.95, "class 1"), (0.8, "class k - 1")):
        _box(ax, 12.2, y, f"attack model, {name}", color=MODEL, width=3.1)
        for start in (3.6, 1.0):
            _arrow(ax, (9.35, start), (10.55, y), color="0.7")
    ax.text(12.2, 1.9, "⋮", ha="center", va="center", fontsize=14)
    ax.set_title("The attack set: labelled answers of all shadows, one part per true class y", loc="left", fontsize=12)
    return say(
        ax,
        "Diagram of the attack set: each shadow model answers its training records, labelled in, and its test records, "
        "labelled out; these triples (y, ŷ, in or out) are shared out by true class y to one attack model for each of "
        "the k classes.",
    )


def _canvas(width, height, figsize=None):
    ax = plt.subplots(figsize=figsize or (9, 9 * height / width + 0.35))[1]
    ax.set(xlim=(0, width), ylim=(0, height))
    ax.axis("off")
    return ax


def _box(ax, x, y, text, *, color=BOX, width=2.5, bold=False, size=10):
    style = dict(boxstyle="round,pad=0.08", fc=color, ec="0.35", lw=1)
    height = 0.32 * (text.count("\n") + 1) + 0.16
    ax.add_patch(plt.matplotlib.patches.FancyBboxPatch((x - width / 2, y - height / 2), width, height, **style))
    ax.text(x, y, text, ha="center", va="center", fontsize=size, fontweight="bold" if bold else "normal")


def _arrow(ax, start, end, text="", *, rad=0.0, dx=0.0, dy=0.16, color="0.25"):
    props = dict(arrowstyle="-|>", color=color, lw=1.3, connectionstyle=f"arc3,rad={rad}")
    ax.annotate("", xy=end, xytext=start, arrowprops=props)
    if text:
        ax.text(
            (start[0] + end[0]) / 2 + dx, (start[1] + end[1]) / 2 + dy, text, ha="center", fontsize=10, color="0.25"
        )
