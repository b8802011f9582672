"""Lines and tables of the benchmarks' results."""

import os
import platform

import tensorflow as tf

from gocor_tf.data import atomic

BEGIN, END = "<!-- begin of results -->", "<!-- end of results -->"
MODES = {"forward": "forward", "gradient": "forward + gradient"}


def matrix_rate(results):
    """Returns the rate of the matrix product, in multiply-adds per ms."""
    case, times = results[0]
    return case.products / times["forward"]["ours"]


def print_ratios(case, times, rate):
    """Prints how much slower the other ways are than ours."""
    ours, *others = case.ways
    for mode, title in MODES.items():
        for way in others:
            ratio = times[mode][way] / times[mode][ours]
            print(f"{case.name}, {title}, {way} / {ours}: {ratio:.2f}")
    if case.products and others:
        share = case.products / times["forward"][ours] / rate
        print(f"{case.name}, forward, share of the matrix rate: {share:.1%}")


def print_overhead(name, gocor, plain):
    """Prints the time of a network with GOCor over that without."""
    print(f"GOCor overhead, {name}: {gocor / plain:.2f}")


def print_published(name, ours, theirs):
    """Prints the time of a published network over that of ours."""
    print(f"published / ours, {name}: {theirs / ours:.2f} ({ours:.2f} s)")


def print_rendering(name, times):
    """Prints the time of OpenCV over that of ours, and pairs per second."""
    for way, ratio in _rendering_ratios(times).items():
        note = "" if way == "OpenCV" else f", against {way}"
        print(f"pair rendering, {name}{note}: {ratio:.2f} x")
    for way, (low, median, high) in times.items():
        print(
            f"  {way}: {1e3 / median:.1f} pairs/s "
            f"({1e3 / high:.1f} to {1e3 / low:.1f})"
        )


def print_memory(size, memory):
    """Prints the ratio of the peak memories of local GOCor's gradient."""
    ours, other = memory
    print(
        f"local GOCor {size}, peak memory of the gradient, {other} / {ours}: "
        f"{memory[other] / memory[ours]:.2f}"
    )


def write(path, results, overheads, published, memory, rendering):
    """Replaces what lies between the two markers of a file.

    Args:
        path: Markdown file with both markers.
        results: list of cases with their times.
        overheads: network -> size of the images, and times with and without
            GOCor, in ms.
        published: network -> our time and the published network's, in s.
        memory: size of features -> way -> peak memory in MB.
        rendering: name of pairs -> way -> quartiles of the time for a pair,
            in ms, see `rendering.time_stack`.

    Raises:
        ValueError: if a marker is missing.
    """
    tables = [
        _machine(matrix_rate(results)),
        _table_of_times(results),
        _table_of_overheads(overheads),
        _table_of_published(published),
        *(_table_of_memory(size, ways) for size, ways in memory.items()),
        _table_of_rendering(rendering),
    ]
    replace_between_markers(path, "\n\n".join(tables))


def replace_between_markers(path, text):
    """Replaces what lies between the two markers of a file.

    Args:
        path: Markdown file with both markers.
        text: what they shall enclose.

    Raises:
        ValueError: as `split_at_markers`.
    """
    head, tail = split_at_markers(path)
    body = "\n\n".join([BEGIN, text, END])
    atomic.write_bytes(path, (head + body + tail).encode())


def split_at_markers(path):
    """Returns what stands before and after the two markers of a file.

    Args:
        path: Markdown file with both markers.

    Raises:
        ValueError: if there is no such file, or a marker is missing.
    """
    text = ""
    if os.path.isfile(path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
    if BEGIN not in text or END not in text:
        raise ValueError(
            f"`output` must hold the lines {BEGIN!r} and {END!r}. "
            f"Received: output={path!r}"
        )
    head, _, rest = text.partition(BEGIN)
    return head, rest.partition(END)[2]


def _machine(rate):
    return (
        f"Measured on {os.cpu_count()} CPU cores ({platform.machine()}), "
        f"TensorFlow {tf.__version__}, graphs without XLA, batches of one, "
        f"float32. The matrix product reaches {2e-6 * rate:.0f} GFLOP/s."
    )


def _table_of_times(results):
    rate = matrix_rate(results)
    lines = [
        "| what | how | forward, ms | forward + gradient, ms "
        "| share of the matrix rate |",
        "|---|---|---|---|---|",
    ]
    for case, times in results:
        ours = next(iter(case.ways))
        for way in case.ways:
            cells = [
                _cell(times[mode][way], times[mode][ours], way != ours)
                for mode in MODES
            ]
            share = case.products / times["forward"][way] / rate
            cells.append(f"{share:.1%}" if share and way == ours else "")
            lines.append(
                f"| {case.name} | `{way}` | " + " | ".join(cells) + " |"
            )
    return "\n".join(lines)


def _table_of_overheads(overheads):
    lines = [
        "| network, forward | images | plain correlation, ms | GOCor, ms "
        "| overhead |",
        "|---|---|---|---|---|",
    ]
    for name, ((height, width), gocor, plain) in overheads.items():
        lines.append(
            f"| {name} | {height} x {width} | {plain:.1f} | {gocor:.1f} "
            f"| {gocor / plain:.2f} |"
        )
    return "\n".join(lines)


def _table_of_published(published):
    lines = [
        "| network, forward, 480 x 640 | ours, s | published code, s | ratio |",
        "|---|---|---|---|",
    ]
    for name, (ours, theirs) in published.items():
        lines.append(
            f"| {name} | {ours:.2f} | {theirs:.2f} | {theirs / ours:.1f} |"
        )
    return "\n".join(lines)


def _table_of_memory(size, memory):
    lines = [
        f"| local GOCor {size}, forward + gradient | peak memory, MB |",
        "|---|---|",
    ]
    lines += [f"| `{way}` | {value:.0f} |" for way, value in memory.items()]
    return "\n".join(lines)


def _table_of_rendering(rendering):
    lines = [
        "| rendering of pairs, 520 x 520 | how | ms a pair | against ours |",
        "|---|---|---|---|",
    ]
    for name, times in rendering.items():
        ratios = _rendering_ratios(times)
        for way, (low, median, high) in times.items():
            ratio = f"{ratios[way]:.1f}x" if way in ratios else ""
            lines.append(
                f"| {name} | {way} | {median:.1f} ({low:.1f} to {high:.1f}) "
                f"| {ratio} |"
            )
    return "\n".join(lines)


def _rendering_ratios(times):
    """Returns way -> median time over that of the first way, ours."""
    (_, ours, _), *_ = times.values()
    _, *others = times
    return {way: times[way][1] / ours for way in others}


def _cell(time, ours, with_ratio):
    ratio = f" ({time / ours:.1f}x)" if with_ratio else ""
    return f"{time:.1f}{ratio}"
