"""One line per finished model: readable in a terminal, in JupyterLab and in papermill's logs alike."""

import sys
import time


class Progress:
    """Prints `done/total`, the rate and the time left, each time a piece of work is finished.

    Lines go to stderr, one per piece (a bar that redraws itself turns into noise in a log). Rates count only what this
    run computed: what was read from the store is in `done` from the start.
    """

    def __init__(self, what: str, total: int, done: int = 0):
        self.what, self.total, self.done = what, total, done
        self.reused, self.began = done, time.monotonic()
        if 0 < done < total:
            say(f"{what}: {done} of {total} read from the store, {total - done} to go")

    def step(self, name: str, detail: str = "") -> None:
        """Report that the piece `name` is finished."""
        self.done += 1
        elapsed = time.monotonic() - self.began
        left = elapsed / (self.done - self.reused) * (self.total - self.done)
        say(f"{self.what}: {self.done}/{self.total} {name}{', ' + detail if detail else ''}, {duration(left)} left")


def say(line: str) -> None:
    """Write one line to stderr at once."""
    print(line, file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """Return a time as people say it: '8 s', '3 min 20 s', '2 h 05 min'."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
