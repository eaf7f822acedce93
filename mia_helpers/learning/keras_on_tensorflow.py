"""Keras on TensorFlow, imported at the first use and set as the project needs it."""

import functools
import tempfile
from pathlib import Path

from mia_helpers.engine import quiet
from mia_helpers.engine.errors import MIAError


@functools.cache
def keras():
    """Import Keras on TensorFlow at the first use, and return the module.

    A notebook that only reads records never pays for it. TensorFlow writes a few lines to the process's stderr before
    its log level is read; they are swallowed. What the user's `~/.keras/keras.json` says is overruled: it would change
    what is trained.

    Raises
    ------
    MIAError
        If Keras runs on another backend already.
    """
    with quiet.stderr():
        import keras
        import tensorflow  # it logs on import
    if keras.backend.backend() != "tensorflow":
        raise MIAError(
            f"Keras was imported with the backend {keras.backend.backend()!r} before mia_helpers, which needs "
            f"'tensorflow'. Import mia_helpers first, or set KERAS_BACKEND=tensorflow."
        )
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_dtype_policy("float32")
    tensorflow.get_logger().setLevel("ERROR")  # it warns of many programs: each model has its own, which is meant
    return keras


def to_bytes(network) -> bytes:
    """Return a Keras model as the bytes of a `.keras` file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        network.save(path)
        return path.read_bytes()


def from_bytes(content: bytes, name: str = "the model"):
    """Return the Keras model of a `.keras` file.

    Raises
    ------
    MIAError
        If this version of Keras cannot read it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(content)
        try:
            return keras().models.load_model(path, compile=False)
        except Exception as error:  # of a file from another version, Keras raises whatever its code runs into
            raise MIAError(
                f"{name} cannot be read by Keras {keras().__version__} ({type(error).__name__}). Install the versions "
                f"of requirements.txt, or train it again: python -m mia_helpers reproduce --force"
            ) from None
