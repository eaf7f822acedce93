"""TensorFlow writes a few lines to the process's stderr before its log level is read: they are swallowed."""

import contextlib
import os
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def stderr() -> Iterator[None]:
    """Swallow what the process, and not only Python, writes to stderr meanwhile."""
    saved = os.dup(2)
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
