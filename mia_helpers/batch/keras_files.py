"""A `.keras` file and records of the user's own, for the command `audit`: nothing in them is executed."""

import json
import zipfile
from pathlib import Path

import numpy as np

from mia_helpers.engine.errors import MIAError, sentence

CODE = ("Lambda", "__lambda__")
OTHERWISE = "audit it in Python, where you can import what it needs: mia_helpers.audit(model, members, non_members)"


def load_model(path: Path):
    """Return the model of a `.keras` file, with its optimizer and loss.

    Raises
    ------
    MIAError
        If it is none, carries code (a Lambda layer) or asks for classes that are not Keras's own. Such a file is
        refused before Keras sees it.
    """
    _check_plain(path)
    from mia_helpers.learning.keras_on_tensorflow import keras

    try:
        return keras().saving.load_model(path, safe_mode=True)
    except MIAError:
        raise
    except Exception as error:  # of a damaged file, Keras raises whatever its code runs into
        raise MIAError(f"{path}: Keras {keras().__version__} cannot read it ({sentence(error)}); {OTHERWISE}") from None


def load_records(path: Path) -> dict[str, np.ndarray]:
    """Return x, y and, if they are there, id and group of an `.npz` file; an MIAError where x or y is missing."""
    if not path.is_file():
        raise MIAError(f"{path}: there is no such file")
    try:
        arrays = np.load(path, allow_pickle=False)
        if not isinstance(arrays, np.lib.npyio.NpzFile):
            raise MIAError(f"{path}: one array instead of an .npz: expected np.savez(file, x=…, y=…)")
        with arrays:
            found = {name: arrays[name] for name in arrays.files if name in ("x", "y", "id", "group")}
    except MIAError:
        raise
    except (OSError, EOFError, zipfile.BadZipFile, ValueError) as error:
        why = "it holds Python objects" if "pickle" in str(error) else sentence(error)
        raise MIAError(f"{path}: no .npz that can be read ({why}): expected np.savez(file, x=…, y=…)") from None
    if not {"x", "y"} <= set(found):
        raise MIAError(f"{path}: it has {', '.join(arrays.files) or 'nothing'}: expected arrays x and y")
    return found


def _check_plain(path: Path) -> None:
    if not path.is_file():
        raise MIAError(f"{path}: there is no such file")
    try:
        with zipfile.ZipFile(path) as content:
            config = json.loads(content.read("config.json"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        raise MIAError(
            f"{path}: no .keras file that can be read: expected what model.save('model.keras') wrote"
        ) from None
    for class_name, module in _classes(config):
        if class_name in CODE:
            raise MIAError(f"{path}: the model carries code (a Lambda layer), which is not executed here; {OTHERWISE}")
        if module.split(".")[0] not in ("", "keras", "builtins"):
            raise MIAError(f"{path}: the model needs {module}.{class_name}, which is not executed here; {OTHERWISE}")


def _classes(part):
    """Yield (class, module) of all that a configuration asks for; '' where it names no module."""
    if isinstance(part, dict):
        if isinstance(part.get("class_name"), str):
            yield part["class_name"], str(part.get("module") or "")
        part = list(part.values())
    for inner in part if isinstance(part, list) else ():
        yield from _classes(inner)
