"""Defences as texts: 'name=strength,option=value' in an experiment's parameters, and the object that it stands for."""

from typing import ClassVar

from mia_helpers.engine.errors import MIAError, unknown


class Named:
    """Something of a given strength that a text names.

    Parameters
    ----------
    strength : float, optional
        What it means is the subclass's; None where one that may be `bare` is named without.
    **options : float
        Those of `OPTIONS`, each with its default.
    """

    name, bare = "none", False
    OPTIONS: ClassVar[dict[str, float | None]] = {}

    def __init__(self, strength: float | None = None, **options: float):
        for option in options:
            if option not in self.OPTIONS:
                raise unknown(f"option of {self.name}", option, self.OPTIONS)
        self.strength, self.options = strength, {**self.OPTIONS, **options}
        self.check()

    def check(self) -> None:
        """Raise an MIAError if strength or options make no sense."""

    def __str__(self) -> str:
        told = [f"{name}={value:g}" for name, value in self.options.items() if value != self.OPTIONS[name]]
        return ",".join([self.name if self.strength is None else f"{self.name}={self.strength:g}", *told])

    def _refuse(self, expected: str) -> None:
        raise MIAError(f"{self.name.replace('_', ' ')} by {self.strength:g}: expected {expected}")


def read(text: str, kind: str, known: dict[str, type[Named]]) -> Named:
    """Return what a text names among the `known` ones; `kind` is what an error calls it.

    Raises
    ------
    MIAError
        If there is no such name or option, or a value is no number that it takes.
    """
    parts = [[word.strip() for word in part.partition("=")] for part in str(text).split(",")]
    (name, given, strength), *options = parts
    if name not in known:
        raise unknown(kind, name, known)
    bare = known[name].bare and not given
    try:
        return known[name](None if bare else float(strength), **{key: float(value) for key, _, value in options})
    except ValueError as error:
        why = error if isinstance(error, MIAError) else f"expected name=strength, such as '{name}=0.1'"
        raise MIAError(f"{kind}={text!r}: {why}") from None
