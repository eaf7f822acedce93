"""What results depend on beside the code: versions, the machine, and settings that the project makes itself."""

import contextlib
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from mia_helpers.engine import files
from mia_helpers.engine.errors import MIAError

# One TensorFlow thread per process. Models are trained side by side, one process each, so a second thread would only
# fight for the cores; and results stay the same for any number of workers.
OURS = {"KERAS_BACKEND": "tensorflow", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
# Each of these makes the same training give other bytes.
NOT_THE_USERS = (
    *("TF_ENABLE_ONEDNN_OPTS", "TF_XLA_FLAGS", "XLA_FLAGS", "TF_DETERMINISTIC_OPS", "TF_USE_LEGACY_KERAS"),
    *("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE"),
)


def pin() -> None:
    """Set what training depends on, whatever the user's environment says, for this process and its workers.

    Folders that the user names are made absolute, so that they are the same for every process, wherever it stands.
    """
    os.environ.update(OURS)
    for name in NOT_THE_USERS:
        os.environ.pop(name, None)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    for variable in files.VARIABLES:
        with contextlib.suppress(MIAError):  # told when the folder is asked for
            files.folder(variable)


def here() -> dict:
    """Return the machine and the versions with which an artifact is made."""
    return {
        "machine": f"{_processor()}; {os.cpu_count()} cores",
        "versions": versions("python", "numpy", "tensorflow", "keras", "scikit-learn"),
    }


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8", errors="replace").splitlines() if about.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def versions(*names: str) -> dict[str, str]:
    """Return the installed version of each package (and of Python itself)."""
    found = {}
    for name in names:
        if name == "python":
            found[name] = platform.python_version()
            continue
        for package in (name, f"{name}-cpu"):  # TensorFlow comes under two names
            try:
                found[name] = version(package)
                break
            except ModuleNotFoundError:
                continue
    return found


def git_commit() -> str:
    """Return the commit of this code, with '-dirty' where it was changed since; 'unknown' outside a checkout of it."""
    if not files.IS_CHECKOUT:
        return "unknown"
    try:
        top = Path(_git("rev-parse", "--show-toplevel"))
        if top.resolve() != files.ROOT:  # unpacked inside another repository
            return "unknown"
        return _git("describe", "--always", "--abbrev=12", "--exclude=*", "--dirty")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*command: str) -> str:
    done = subprocess.run(["git", *command], cwd=files.ROOT, capture_output=True, check=True, encoding="utf-8")
    return done.stdout.strip()


CONTAINER = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # cgroups 2 and 1


def memory() -> float:
    """Return the bytes of memory of this machine, or of the container; infinite where that cannot be told."""
    limits = [float("inf")]
    with contextlib.suppress(AttributeError, OSError, ValueError):  # Windows
        limits.append(float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")))
    for path in CONTAINER:
        with contextlib.suppress(OSError, ValueError):  # no container, or one without a limit ("max")
            limits.append(float(Path(path).read_text(encoding="utf-8")))
    return min(limits)
