"""What a batch writes into the repository: outputs of the committed notebooks, and the records that come along."""

from fnmatch import fnmatch
from pathlib import Path

from mia_helpers.data import registry
from mia_helpers.engine import environment, files, shipped, store
from mia_helpers.engine.errors import MIAError
from mia_helpers.engine.progress import say
from mia_helpers.walk import profiles
from mia_helpers.walk.jobs import train_all
from mia_helpers.walk.reference_attackers import ReferenceAttacker
from mia_helpers.walk.road import ROAD, Page
from mia_helpers.walk.studies import OF_DEFENCES, STUDIES
from mia_helpers.walk.studies.defences import SHOWN
from mia_helpers.walk.work import Work, needed


def matching(only: str | None) -> list[Page]:
    """Return the notebooks whose name matches the glob `only`, all if it is None; raise an MIAError if none does."""
    found = [page for page in ROAD if only is None or fnmatch(page.stem, only)]
    if not found:
        raise MIAError(f"--only {only!r} matches nothing; there are: {', '.join(page.stem for page in ROAD)}")
    return found


def write_outputs(only: str | None = None) -> list[str]:
    """Execute the notebooks with their own parameters and keep the outputs in the sources; return the errors' texts.

    A notebook that fails leaves its source as it was.
    """
    from mia_helpers.batch import kernels  # Jupyter's packages take a second to import

    errors = []
    for page in matching(only):
        say(page.stem)
        output = store.runs_dir() / "sources" / page.source.name
        error = kernels.execute(page.source, output, {})
        if error:
            errors.append(f"{page.stem}: {error}")
        else:
            files.write_text(page.source, without_traces(output), variable=None)
    return errors


def without_traces(path: Path) -> str:
    """Return an executed notebook's text without what differs from run to run (times, papermill's notes, pieces)."""
    import nbformat

    book = nbformat.read(path, as_version=4)
    for key in ("papermill", "mia_helpers"):
        book.metadata.pop(key, None)
    for cell in book.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]
        if cell.cell_type == "code":
            cell.outputs = _in_one_piece(cell.outputs)
    return nbformat.writes(book) + "\n"


def _in_one_piece(outputs: list) -> list:
    """Return a cell's outputs with what was printed in one piece: a busy machine sends it in several."""
    joined: list = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output.output_type == "stream" == last.get("output_type") and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def write_records(*names: str) -> list[Path]:
    """Write the records of these profiles' experiments as those that come with the repository; train what is missing.

    Beside what models answer, that is what else takes the data: outsiders and twins; and the confidences of reference
    models, without the models: those of the experiments, and those with canaries that notebook 09 reads.
    Records that came along before are not taken over: only what was trained here, from the data at hand.
    """
    chosen = [profiles.load(name) for name in names]
    experiments = [exp for profile in chosen for exp in profile.experiments]
    for exp in experiments:
        registry.load(exp.dataset)
    models = needed(attacker for exp in experiments for attacker in exp.attackers())
    with_data = [w for exp in experiments for w in (exp.outsiders_work(), exp.twins_work(), exp.answers())]
    with_data += [work for profile in chosen for work in _of_defences(profile)]
    works = [*models, *with_data]
    store.forget([work.name for work in works if not store.path_of(work.name).exists()])
    train_all(models)
    plain = {exp.model().name for exp in experiments}
    about = {
        "what": f"records of {', '.join(names)}; made by: python -m mia_helpers records",
        "git_commit": environment.git_commit(),
        "data": {exp.dataset: exp.source for exp in experiments},
    }
    for work in with_data:
        work.arrays()
    found = {work.name: store.load(work.name) for work in works}
    return shipped.write(found, lambda it: store.model_file(it) if it in plain else None, about)


def _of_defences(profile: profiles.Profile) -> list[Work]:
    """Return the answers that notebook 09 reads: of the first experiment whose defences are judged."""
    judged = [(study, exp) for study, exp in profile.studies if study in OF_DEFENCES][:1]
    points = [point for study, exp in judged for point in STUDIES[study](exp)]
    attackers = [point.attacker for point in points if point.setting in SHOWN]
    return list(dict.fromkeys(a.targets for a in attackers if isinstance(a, ReferenceAttacker)))
