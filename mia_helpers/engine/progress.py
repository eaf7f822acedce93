"""One line per finished piece of work: readable in a terminal, in JupyterLab and in papermill's logs alike."""

import sys
import time


class Progress:
    """Prints what is done of all, the rate and the time left, each time a piece of work is finished.

    Lines go to stderr, one per piece (a bar that redraws itself turns into noise in a log). Rates count only what this
    run computed: what was read from the store is in `done` from the start.

    Parameters
    ----------
    what : str
    total, done : int
        Pieces in all, and those that need no work.
    expected : float
        Seconds that all the work to do would take one after another; the time left is in proportion.
    at_once : int
        Pieces that are worked on side by side; those under way count as half done.
    """

    def __init__(self, what: str, total: int, *, done: int = 0, expected: float, at_once: int = 1):
        self.what, self.total, self.done, self.at_once = what, total, done, at_once
        self.expected, self.finished = expected, 0.0
        self.samples, self.began = 0, time.monotonic()

    def step(self, label: str, *, expected: float, pieces: int = 1, samples: int = 0) -> None:
        """Report that `pieces` of the work are finished, which were expected to take so many seconds of `expected`.

        `samples` counts records times epochs.
        """
        self.done += pieces
        self.samples += samples
        self.finished += expected
        elapsed = time.monotonic() - self.began
        under_way = min(expected * (self.at_once - 1), self.expected - self.finished)
        reached = self.finished + under_way / 2
        left = elapsed / reached * (self.expected - reached)
        rate = f", {self.samples / elapsed:,.0f} samples/s" if samples else ""
        say(f"{self.what}: {self.done}/{self.total} {label}, {duration(elapsed)} gone{rate}, {duration(left)} left")


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
