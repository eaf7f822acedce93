"""Executing one notebook, the same way whatever the user's Jupyter, IPython and matplotlib are set to."""

import re
import signal
import sys
import time
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from mia_helpers.engine import files, store
from mia_helpers.engine.errors import MIAError, sentence

SILENCE = 60  # seconds; a kernel answers its heartbeat while a cell computes, and while it waits for the disk
# An indented call hangs on a condition, such as whether the raw data are at hand.
FIGURE = re.compile(r"(?m)^(?!\s)[^#\n]*\b((?:plots|figures)\.(?:plot|draw)_\w+)")


class OwnKernel(AsyncKernelManager):
    """A kernel of the interpreter that runs the batch, whatever kernel specs are installed."""

    _heart = None  # a socket, once it was asked

    @property
    def kernel_spec(self) -> KernelSpec:
        """How to start it: with inline figures, and without the user's start-up files and settings."""
        own = str(store.runs_dir() / ".ipython").replace("$", "$$")  # Jupyter fills in what follows a dollar
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            env={"MPLBACKEND": "module://matplotlib_inline.backend_inline", "IPYTHONDIR": own, "PYTHONSTARTUP": ""},
            display_name="Python 3",
            language="python",
        )

    async def _async_is_alive(self) -> bool:
        """Tell whether the kernel runs and answers; Jupyter asks each second. One that is silent is ended."""
        if not await super()._async_is_alive():
            return False
        if await self._silence() < SILENCE:
            return True
        await self.signal_kernel(getattr(signal, "SIGKILL", signal.SIGTERM))  # what is stopped does not end itself
        return False

    is_alive = _async_is_alive

    async def _silence(self) -> float:
        """Return for how many seconds the kernel has owed an answer to the last beat of its heart."""
        heard = self._heart is None or await self._heart.poll(0)
        if self._heart is None:
            self._heart = self.connect_hb()
            self._heart.linger = 0
        elif heard:
            await self._heart.recv()
        if heard:
            self._beat = time.monotonic()
            await self._heart.send(b"ping")
        return time.monotonic() - self._beat


def execute(source: Path, output: Path, parameters: dict, stamp: str = "") -> str:
    """Execute one notebook into `output`, progress lines on stderr; return the error's text ('' if none).

    Whatever goes wrong costs this notebook, not the batch. A notebook that should have figures and has none has failed.
    `stamp` is noted in the copy when it is complete (see `run`).
    """
    import papermill

    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        book = papermill.execute_notebook(
            _literal(source),
            _literal(output),
            parameters,
            kernel_name="python3",
            kernel_manager_class=OwnKernel,
            cwd=source.parent,
            iopub_timeout=60,
            progress_bar=False,
            extra_arguments=["--log-level=CRITICAL"],  # the kernel's own warnings are not the user's
            stderr_file=sys.stderr,
        )
        without = _without_figure(book)
        if without:
            return f"{without} showed no figure (see {output}); is matplotlib's inline backend in use?"
        book.metadata["mia_helpers"] = stamp
        files.write_text(output, nbformat.writes(book) + "\n")
    except papermill.PapermillExecutionError as error:
        name = "" if error.ename == "MIAError" else f"{error.ename}: " if error.evalue else error.ename
        return f"{name}{error.evalue} (see {output})"
    except OSError as error:
        return str(files.cannot_write(output, error))
    except MIAError as error:
        return str(error)
    except Exception as error:  # a kernel that dies or never starts, a notebook that is none
        return f"{source.name}: {sentence(error)}"
    return ""


def _literal(path: Path) -> str:
    """Return a path as papermill's template for it: it fills in what stands between braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _without_figure(book) -> str:
    """Return the first call of a cell that should have shown a figure and did not ('' if there is none)."""
    for cell in book.cells:
        call = FIGURE.search(cell.source) if cell.cell_type == "code" else None
        if call and not any("image/png" in output.get("data", {}) for output in cell.outputs):
            return call.group(1)
    return ""
