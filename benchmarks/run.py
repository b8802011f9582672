"""Times the operations, layers and networks beside their alternatives.

    python benchmarks/run.py --quick                         # ratios, 3 minutes
    python benchmarks/run.py --rendering                     # pairs alone
    python benchmarks/run.py --output=docs/performance.md    # the tables

Medians of interleaved runs in one process. Peak memory is that of a process of
its own per way. `--output` replaces what lies between the file's two markers.
"""

import os
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

from absl import app, flags  # noqa: E402

from benchmarks import (  # noqa: E402
    cases,
    networks,
    rendering,
    report,
    stopwatch,
)

_QUICK = flags.DEFINE_boolean("quick", False, "Print the main ratios only.")
_RENDERING = flags.DEFINE_boolean(
    "rendering", False, "Time the rendering of training pairs only."
)
_OUTPUT = flags.DEFINE_string("output", None, "Markdown file to update.")
_MEMORY = flags.DEFINE_string(
    "memory", None, "Print the peak memory of one way of local GOCor, in MB."
)
MEMORY_SIZE = "64x64x128"


def selected_cases(quick):
    """Yields functions that create the cases to time."""
    yield cases.matrix_product
    for size in cases.SIZES:
        yield lambda size=size: cases.local_correlation(size)
    for size in ("64x64x128",) if quick else cases.SIZES:
        yield lambda size=size: cases.local_correlation_transpose(size)
        yield lambda size=size: cases.local_gocor(size)
    yield cases.global_gocor
    yield cases.warping


def time_case(case, seconds):
    """Returns mode -> way -> median time in milliseconds."""
    compiled = {
        way: stopwatch.compile_modes(function, case.inputs, case.weights)
        for way, function in case.ways.items()
    }
    return {
        mode: stopwatch.time_interleaved(
            {way: modes[mode] for way, modes in compiled.items()}, seconds
        )
        for mode in stopwatch.MODES
    }


def measure_memory():
    """Returns way -> peak memory of local GOCor's gradient, in MB."""
    command = [sys.executable, os.path.abspath(__file__)]
    return {
        way: float(
            subprocess.run(
                [*command, f"--memory={way}"],
                stdout=subprocess.PIPE,
                check=True,
                text=True,
            ).stdout
        )
        for way in ("tiles", "ops.slice")
    }


def measure_rendering(seconds):
    """Prints and returns name of pairs -> way -> quartiles of its time."""
    results = {}
    for name in rendering.STACKS:
        results[name] = rendering.time_stack(name, seconds)
        report.print_rendering(name, results[name])
    return results


def print_memory(way):
    """Prints the peak memory of one way of local GOCor's gradient."""
    case = cases.local_gocor(MEMORY_SIZE)
    function = stopwatch.trace_gradient(
        case.ways[way], case.inputs, case.weights
    )
    print(stopwatch.peak_memory(function))


def main(argv):
    """Runs what the flags ask for."""
    if len(argv) > 1:
        raise app.UsageError(f"unexpected argument: {argv[1]}")
    if _OUTPUT.value and (_QUICK.value or _RENDERING.value):
        raise app.UsageError(
            "`--output` needs all ratios: leave out --quick and --rendering"
        )
    if _OUTPUT.value:
        # Refused now, not at the end.
        report.split_at_markers(_OUTPUT.value)
    if _MEMORY.value:
        print_memory(_MEMORY.value)
        return
    seconds = 1 if _QUICK.value else 10
    pairs = measure_rendering(seconds)
    if _RENDERING.value:
        return
    results = []
    for create in selected_cases(_QUICK.value):
        case = create()
        results.append((case, time_case(case, seconds)))
        report.print_ratios(*results[-1], rate=report.matrix_rate(results))
    overheads = {}
    for name, pair in networks.PAIRS.items():
        times = networks.time_pair(pair, seconds)
        report.print_overhead(name, *times)
        overheads[name] = pair[-1], *times
    memory = measure_memory()
    report.print_memory(MEMORY_SIZE, memory)
    if _QUICK.value:
        return
    published = networks.time_published(seconds)
    for name, times in published.items():
        report.print_published(name, *times)
    if _OUTPUT.value:
        report.write(
            _OUTPUT.value,
            results,
            overheads,
            published,
            {MEMORY_SIZE: memory},
            pairs,
        )


if __name__ == "__main__":
    app.run(main)
