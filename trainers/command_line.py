"""What every command shares: flags, one-line errors, exit status 0, 1 or 2.

A command is a module with three functions:

```python
def define_flags():
    flags.DEFINE_string("output_dir", None, "Folder of the pictures.")


def match(argv):
    ...


def main():
    command_line.run(match, define_flags)
```

Flags are defined when the command runs, not when its module is imported, so
that two commands may have a flag of the same name.
"""

import gc
import importlib
import re
import sys
import traceback

from absl import app, flags

FAILED = 1
WRONG_USAGE = 2


def run(main, define_flags):
    """Runs a command and exits with its status.

    Status 0 is success, 2 wrong usage (flags, config, `app.UsageError`), 1
    any other failure. Errors are one line on stderr; `--verbosity=1` adds the
    traceback.

    Args:
        main: function of the positional arguments, program name first.
        define_flags: function without arguments that defines the flags.
    """

    def guarded_main(argv):
        # What imports made stays: collections need not visit it again.
        gc.freeze()
        try:
            main(argv)
        except (Exception, KeyboardInterrupt) as error:
            wrong_usage = isinstance(error, app.UsageError)
            _exit(error, WRONG_USAGE if wrong_usage else FAILED)
        finally:
            # Nor need the last one, which would take more than a second.
            gc.freeze()

    _parse_or_exit(lambda argv: define_flags(), sys.argv)
    _describe(main)
    app.run(
        guarded_main,
        flags_parser=lambda argv: _parse_or_exit(_parse_flags, argv),
    )


def check_no_arguments(argv):
    """Checks that only flags were given.

    Args:
        argv: positional arguments, program name first.

    Raises:
        UsageError: if there are any others.
    """
    if len(argv) > 1:
        raise app.UsageError(
            f"Arguments must be flags, --NAME=VALUE. Received: {argv[1]}"
        )


def parse_size(text):
    """Returns the height and width that `--size` gives, or None.

    Args:
        text: value of the flag, HEIGHTxWIDTH, or None.

    Raises:
        UsageError: if it has another form.
    """
    if text is None:
        return None
    found = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
    if not found:
        raise app.UsageError(
            "`--size` must be HEIGHTxWIDTH, as in 480x640. "
            f"Received: --size={text}"
        )
    return int(found[1]), int(found[2])


def import_extra(module_name, extra):
    """Imports a module of an optional extra.

    Args:
        module_name: dotted name, such as "ml_collections.config_flags".
        extra: name of the extra in setup.py that installs it.

    Returns:
        The module.

    Raises:
        UsageError: if it is not installed; the message is the pip line.
    """
    try:
        return importlib.import_module(module_name)
    except ImportError as error:
        raise app.UsageError(
            f"{module_name.partition('.')[0]} is not installed: "
            f"pip install 'gocor_tf[{extra}]'"
        ) from error


def _parse_or_exit(parse, argv):
    try:
        return parse(argv)
    except SystemExit:
        # Only the help flags exit while parsing, and absl's status is 1.
        sys.exit(0)
    except Exception as error:
        # A config file is code: it can raise anything.
        _exit(error, WRONG_USAGE)


def _parse_flags(argv):
    arguments = flags.FLAGS(argv)
    for name in flags.FLAGS:
        # ml_collections reports an unreadable file at the first use.
        if hasattr(flags.FLAGS[name], "override_values"):
            getattr(flags.FLAGS[name].value, "seed", None)
    return arguments


def _describe(main):
    """Lets `--help` show the command's own docstring and flags."""
    module = sys.modules[main.__module__]
    sys.modules["__main__"].__doc__ = module.__doc__
    for name, defined in list(flags.FLAGS.flags_by_module_dict().items()):
        if name == main.__module__ or name.startswith("gocor_tf."):
            for flag in defined:
                flags.FLAGS.register_key_flag_for_module(sys.argv[0], flag)


def _exit(error, status):
    """Prints one line (and the traceback if wished) and ends the process."""
    if _is_verbose(sys.argv):
        traceback.print_exception(error)
    program = sys.argv[0].rpartition("/")[2]
    print(f"{program}: {_one_line(error)}", file=sys.stderr)
    sys.exit(status)


def _is_verbose(argv):
    # The flags may be what failed, so the raw arguments are read.
    joined = " ".join(argv[1:])
    return re.search(r"(^| )--?(verbosity|v)[= ][1-9]", joined) is not None


def _one_line(error):
    text = str(error).strip()
    if "Traceback (most recent call last)" in text:
        text = text.splitlines()[-1]
    text = " ".join(text.split())
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, (ValueError, OSError, flags.Error, app.UsageError)):
        return text
    return f"{type(error).__name__}: {text}"
