"""A worker ends with the process that started it, however that one ended."""

import functools
import os
import threading
import time

EVERY = 1.0  # seconds between two looks


@functools.cache
def end_with(parent: int) -> None:
    """End this process within seconds after process number `parent`, its parent, is gone (on POSIX systems)."""
    if os.name == "posix" and os.getpid() != parent:  # joblib works in the caller's own process where it must not fork
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(EVERY)
    os._exit(1)  # what it was computing is nobody's any more
