"""How a number stands in a sentence: rounded, with a minus that is as wide as a plus, with the sign that is meant."""

from mia_helpers.engine.errors import MIAError

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def number(x: float, digits: int = 3) -> str:
    """0.56644 is 0.566, and -0.0265975 is −0.027."""
    return f"{x:z.{digits}f}".replace("-", "−")  # z: no minus before a zero


def two(x: float) -> str:
    """Two decimals: 0.944056 is 0.94."""
    return number(x, 2)


def signed(x: float) -> str:
    """A change, with its sign: 0.03016 is +0.030."""
    return ("+" if round(x, 3) > 0 else "") + number(x)


def rise(x: float) -> str:
    """What a sentence says is gained: 0.03016 is 0.030. Nothing that fell can be told so."""
    if x <= 0:
        raise MIAError(f"the sentence says that it rises, but the change is {signed(x)}. Say what is so")
    return number(x)


def fall(x: float) -> str:
    """What a sentence says is lost, without the minus: -0.2954 is 0.295. Nothing that rose can be told so."""
    if x >= 0:
        raise MIAError(f"the sentence says that it falls, but the change is {signed(x)}. Say what is so")
    return number(-x)


def percent(share: float) -> str:
    """0.0304 is 3.0%."""
    return f"{number(100 * share, 1)}%"


def count(n: float) -> str:
    """160554 is 160,554."""
    return f"{n:,.0f}"


def hours(x: float) -> str:
    """One decimal: 7.2 is 7.2."""
    return number(x, 1)


def minutes(x: float) -> str:
    """Hours in whole minutes: 0.66 is 40."""
    return count(60 * x)


def seeds(n: float) -> str:
    """1 is "one seed", 3 is "three seeds"."""
    return f"{spelled(n)} seed{'s' * (n != 1)}"


def spelled(n: int) -> str:
    """3 is "three", 12 is "12"."""
    return WORDS[n] if n < len(WORDS) else str(n)
