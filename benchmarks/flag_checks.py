"""Checks of the benchmarks' flags, before anything is measured."""

from absl import app, flags


def refuse(name, expected):
    """Raises the error of a flag that has a wrong value.

    Args:
        name: of the flag.
        expected: what it must be, after "must".

    Raises:
        UsageError: always.
    """
    value = flags.FLAGS[name].value
    text = ",".join(value) if isinstance(value, list) else value
    raise app.UsageError(
        f"`--{name}` must {expected}. Received: --{name}={text}"
    )


def integers(name):
    """Returns the positive integers of a flag, ascending.

    Args:
        name: of the flag, a list.

    Raises:
        UsageError: if it is empty or holds anything else.
    """
    values = flags.FLAGS[name].value
    if not values or not all(v.isdecimal() and int(v) for v in values):
        refuse(name, "be numbers > 0, as in 1,4")
    return sorted(set(map(int, values)))
