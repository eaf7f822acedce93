"""What stands in a check cell: `check("5.2", guess, target)`, which passes in one line or says what is wrong."""

from collections.abc import Callable

from mia_helpers.engine.errors import MIAError, unknown

CHECKS: dict[str, Callable] = {}  # by the exercise's number; `exercise` fills it


class NotYet(MIAError):
    """An answer is not right yet: the message says in words what is wrong with it, and never the answer."""

    def _render_traceback_(self) -> list[str]:
        """Show one line in a notebook, without the way through the helpers."""
        return [f"Not yet. {self}"]


def exercise(number: str) -> Callable:
    """Return a decorator that makes a function the check of exercise `number`, such as "5.2".

    The function takes the student's answer first, and then what else it needs. It calls `expect` for each thing that
    can be wrong, and returns a sentence that is shown when all is right.
    """

    def register(function: Callable) -> Callable:
        if number in CHECKS:
            raise MIAError(f"exercise {number} has two checks: {CHECKS[number].__name__} and {function.__name__}")
        CHECKS[number] = function
        return function

    return register


def expect(is_so: bool, otherwise: str) -> None:
    """Raise `NotYet` with the sentence `otherwise` unless `is_so`."""
    if not is_so:
        raise NotYet(otherwise)


def check(number: str, answer: object, *context: object) -> None:
    """Check the answer to an exercise: print a line if it is right.

    Parameters
    ----------
    number : str
        Of the exercise, such as "5.2".
    answer : object
        What the student made: a value, or a function that is then tried.
    context : object
        What else the check needs, such as the target's records.

    Raises
    ------
    NotYet
        If the answer is missing or wrong: one sentence in words, without the answer.
    MIAError
        If there is no such exercise.
    """
    from mia_helpers.teaching import checks  # noqa: F401  (its files register themselves)

    if number not in CHECKS:
        raise unknown("exercise", number, CHECKS)
    if answer is None or answer is Ellipsis:
        raise NotYet(f"Exercise {number} has no answer so far: write it into the cell above, in the place of the dots.")
    try:
        print(f"Exercise {number}: right. {CHECKS[number](answer, *context)}")
    except NotYet:
        raise
    except Exception as error:
        raise NotYet(f"Your answer could not be tried: {type(error).__name__}: {error}") from error
