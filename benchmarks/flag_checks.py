"""Checks of the benchmarks' flags, before anything is measured."""

from absl import app, flags

from benchmarks import report
from gocor_tf.trainers import output_folder


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


def writable(markers=((report.BEGIN, report.END),)):
    """Refuses an --output or --json that could not be written at the end.

    Args:
        markers: pairs of lines that --output, a Markdown file, must hold.

    Raises:
        UsageError: if it lacks one, or --json has no folder to lie in.
    """
    given = flags.FLAGS.flag_values_dict()
    try:
        for pair in markers if given.get("output") else ():
            report.split_at_markers(given["output"], pair)
        if given.get("json"):
            output_folder.create_parent(given["json"], "json")
    except ValueError as error:
        raise app.UsageError(str(error)) from error


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
