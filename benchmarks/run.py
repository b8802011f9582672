"""Times the operations, layers and networks beside their alternatives.

    python benchmarks/run.py --quick                         # main ratios
    python benchmarks/run.py --section=ops,networks          # some of it
    python benchmarks/run.py --output=docs/performance.md    # the tables
    python benchmarks/run.py --json=before.json              # all figures
    python benchmarks/run.py --compare=before.json           # what changed

Medians and quartiles of interleaved runs in one process. `--output` replaces
what lies between the file's two markers, and with `--compare` what lies between
those of a comparison. Runs on TensorFlow and JAX; what one of them cannot do is
left out with a line that says so.
"""

import concurrent.futures
import functools
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# PyTorch's idle threads would else spin on cores that others want to use.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import keras  # noqa: E402
from absl import app, flags  # noqa: E402

from benchmarks import (  # noqa: E402
    accelerator,
    backend,
    cases,
    figures,
    flag_checks,
    networks,
    rendering,
    report,
    stopwatch,
    tables,
    torch_peers,
    training,
)
from gocor_tf.trainers import command_line  # noqa: E402

QUICK_SECONDS, FULL_SECONDS = 1.0, 10.0
MEMORY_SIZE = "64x64x128"


def define_flags():
    """Defines the command's flags."""
    flags.DEFINE_boolean("quick", False, "Measure the main ratios only.")
    flags.DEFINE_list(
        "section",
        None,
        f"What to measure, some of {','.join(SECTIONS)}; by default all, with "
        f"--quick {','.join(QUICK_SECTIONS)}.",
    )
    flags.DEFINE_float(
        "seconds",
        None,
        "To spend on each comparison; by default "
        f"{FULL_SECONDS:.0f}, with --quick {QUICK_SECONDS:.0f}.",
    )
    flags.DEFINE_list(
        "batches",
        None,
        "Image pairs at once in the section accelerator, ascending; by "
        "default 1 to 64 on an accelerator and 1 on a CPU.",
    )
    flags.DEFINE_string("output", None, "Markdown file to update.")
    flags.DEFINE_string("json", None, "JSON file of all figures.")
    flags.DEFINE_string(
        "compare", None, "JSON file of an earlier run to compare with."
    )


def measure_ops(options):
    """Yields comparisons of single operations."""
    reason = torch_peers.missing()
    if reason:
        print(f"PyTorch left out: {reason}", flush=True)
    for size in cases.SIZES:
        # The usual way's gradient takes long: once is enough to be quick.
        with_indexed = not options["quick"] or size == cases.SIZES[0]
        case = cases.local_correlation(size, with_indexed=with_indexed)
        yield _time_case("ops", case, options)
    for size in _sizes(options):
        case = cases.local_correlation_transpose(
            size, with_indexed=not options["quick"]
        )
        yield _time_case("ops", case, options)
    yield _time_case("ops", cases.warping(), options)


def measure_layers(options):
    """Yields comparisons of GOCor's layers, and of their memory."""
    for size in _sizes(options):
        case = cases.local_gocor(size, with_indexed=not options["quick"])
        yield _time_case("layers", case, options)
    yield _time_case("layers", cases.global_gocor(), options)
    if backend.device() == "cpu":
        yield _measure_memory(["tiles", "ops.slice"])
    else:
        print("peak memory left out: it is that of a CPU's process")


def measure_networks(options):
    """Yields networks with and without GOCor, and beside published ones."""
    for name, (*_, size) in networks.PAIRS.items():
        times = networks.time_pair(name, options["seconds"])
        yield figures.time_figures(
            "networks", name, networks.format_size(size), times
        )
    for preset in () if options["quick"] else networks.PUBLISHED_SECONDS:
        yield networks.time_published(preset, options["seconds"])


def measure_training(options):
    """Yields one comparison of training steps."""
    yield training.time_steps(options["seconds"])


def measure_serving(options):
    """Yields one comparison of a SavedModel with its Python model."""
    if backend.name() != "tensorflow":
        print("serving left out: a SavedModel needs KERAS_BACKEND=tensorflow")
        return
    yield networks.time_served(options["seconds"])


def measure_rendering(options):
    """Yields comparisons of the rendering of training pairs."""
    for name in rendering.STACKS:
        times = rendering.time_stack(name, options["seconds"])
        size = networks.format_size(2 * [rendering.SIZE])
        yield figures.time_figures("rendering", name, size, times)


def measure_accelerator(options):
    """Yields the rates of a device, and how much of them is used."""
    if backend.name() != "jax":
        print("accelerator left out: it needs KERAS_BACKEND=jax")
        return
    # Each network is compiled anew for each batch and dtype.
    presets = accelerator.PRESETS[: 1 if options["quick"] else None]
    batches = options["batches"] or accelerator.default_batches()
    yield from accelerator.time_all(presets, batches, options["seconds"])


SECTIONS = {
    "ops": measure_ops,
    "layers": measure_layers,
    "networks": measure_networks,
    "training": measure_training,
    "serving": measure_serving,
    "rendering": measure_rendering,
    "accelerator": measure_accelerator,
}
# The others take longer to trace than all of these to time.
QUICK_SECTIONS = ("ops", "layers", "networks", "rendering", "accelerator")


def _sizes(options):
    return cases.SIZES[:1] if options["quick"] else cases.SIZES


def _time_case(section, case, options):
    found = []
    for mode, ways in cases.compile_ways(case).items():
        times = stopwatch.time_interleaved(
            ways, options["seconds"], statistic=stopwatch.spread
        )
        found += figures.time_figures(
            section, case.what, case.size, times, mode, products=case.products
        )
    return found


def _measure_memory(ways):
    """Returns figures of local GOCor's gradient, a process for each."""
    measure = functools.partial(
        stopwatch.run_in_own_process, cases.gradient_memory, MEMORY_SIZE
    )
    with concurrent.futures.ThreadPoolExecutor() as pool:
        megabytes = list(pool.map(measure, ways))
    return [
        figures.Figure(
            section="memory",
            what="local GOCor",
            size=MEMORY_SIZE,
            way=way,
            mode="peak memory of the gradient",
            unit="MB",
            low=value,
            median=value,
            high=value,
            runs=1,
        )
        for way, value in zip(ways, megabytes, strict=True)
    ]


def _time_product(seconds):
    """Returns the figure that all others are seen beside."""
    case = cases.matrix_product()
    function = backend.compile_function(case.ways["ours"])
    times = stopwatch.time_interleaved(
        {"float32": lambda: function(*case.inputs)},
        seconds,
        statistic=stopwatch.spread,
    )
    return figures.time_figures(
        "rates", case.what, case.size, times, products=case.products
    )


def run_all(argv):
    """Runs the sections and writes what the flags ask for."""
    command_line.check_no_arguments(argv)
    arguments = flags.FLAGS
    options = _checked_options(arguments)
    facts, before = _try_files(arguments)
    known = []
    with backend.quiet():
        for group in _measure(options):
            known += group
            print("\n".join(report.lines(group, known)), flush=True)
            # A run that is stopped leaves the figures it has.
            if arguments.json:
                figures.save(arguments.json, facts, known)
    if arguments.output:
        tables.write(arguments.output, facts, known, before)
    if before:
        print("\n".join(["", *figures.compare(before, known)]))


def _measure(options):
    yield _time_product(options["seconds"])
    for section in options["sections"]:
        yield from SECTIONS[section](options)


def _try_files(arguments):
    """Returns the run's facts, and the figures that it is compared with.

    What cannot be used, read or written is refused now, not at the end.
    """
    markers = [(report.BEGIN, report.END)]
    try:
        facts, before = backend.describe(), []
        if arguments.compare:
            before = figures.load(arguments.compare, facts)
            markers.append(tables.COMPARISON)
    except ValueError as error:
        raise app.UsageError(str(error)) from error
    flag_checks.writable(markers)
    return facts, before


def _checked_options(arguments):
    """Returns what the sections need to know; bad flags are refused here."""
    sections = arguments.section
    if sections is None:
        sections = QUICK_SECTIONS if arguments.quick else list(SECTIONS)
    if not sections or not set(sections) <= set(SECTIONS):
        flag_checks.refuse("section", f"be some of {','.join(SECTIONS)}")
    if arguments.output and (arguments.quick or arguments.section):
        raise app.UsageError(
            "`--output` must be given without --quick and --section: its "
            f"tables hold everything. Received: --output={arguments.output}"
        )
    seconds = arguments.seconds
    if seconds is None:
        seconds = QUICK_SECONDS if arguments.quick else FULL_SECONDS
    if seconds < 0:
        flag_checks.refuse("seconds", "be a number >= 0")
    batches = None
    if arguments.batches is not None:
        batches = flag_checks.integers("batches")
        if keras.backend.backend() != "jax":
            flag_checks.refuse("batches", "be left out unless on JAX")
    return {
        "quick": arguments.quick,
        "sections": list(dict.fromkeys(sections)),
        "seconds": seconds,
        "batches": batches,
    }


if __name__ == "__main__":
    command_line.run(run_all, define_flags)
