"""Evaluation results as text."""

_COLUMNS = {
    "aepe": ("AEPE", "{:.2f}"),
    "median": ("median", "{:.2f}"),
    "pck1": ("PCK-1", "{:.1f}"),
    "pck3": ("PCK-3", "{:.1f}"),
    "pck5": ("PCK-5", "{:.1f}"),
    "pck10": ("PCK-10", "{:.1f}"),
    "rotation_error": ("rotation", "{:.2f}"),
    "translation_error": ("transl.", "{:.2f}"),
    "auc5": ("AUC-5", "{:.1f}"),
    "auc10": ("AUC-10", "{:.1f}"),
    "auc20": ("AUC-20", "{:.1f}"),
    "seconds": ("seconds", "{:.3f}"),
}
_WIDTH = 9


def format_results(title, results):
    """Returns a line for each pair and each group.

    Args:
        title: what was evaluated.
        results: what `evaluate_lib.evaluate` returned.
    """
    pairs = {result["name"]: result for result in results["pairs"]}
    return "\n\n".join(
        [
            _format_table(f"{title}, pairs", pairs),
            _format_table(f"{title}, groups (means)", results["groups"]),
        ]
    )


def format_comparison(methods):
    """Returns AEPE / PCK-5 of several methods, a line for each group.

    Args:
        methods: dict of title -> results.
    """
    groups = next(iter(methods.values()))["groups"]
    rows = [["AEPE / PCK-5", *methods]]
    for group in groups:
        cells = [results["groups"][group] for results in methods.values()]
        if all(cell["aepe"] is not None for cell in cells):
            rows.append([group, *(_format_pair(cell) for cell in cells)])
    return _align(rows, 18)


def _format_pair(cell):
    return f"{cell['aepe']:.2f} / {cell['pck5']:.1f}"


def _format_table(title, results):
    columns = [
        name
        for name in _COLUMNS
        if any(result.get(name) is not None for result in results.values())
    ]
    rows = [[title, *(_COLUMNS[name][0] for name in columns)]]
    for label, result in results.items():
        rows.append([label, *(_format(result, name) for name in columns)])
    return _align(rows, _WIDTH)


def _format(result, name):
    value = result.get(name)
    return "-" if value is None else _COLUMNS[name][1].format(value)


def _align(rows, width):
    first = max(len(row[0]) for row in rows)
    return "\n".join(
        row[0].ljust(first) + "".join(f" {cell:>{width}}" for cell in row[1:])
        for row in rows
    )
