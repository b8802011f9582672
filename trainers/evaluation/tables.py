"""Evaluation results as tables: rows of text, then plain text or Markdown."""

_LABELS = {
    "aepe": "AEPE",
    "median": "median",
    "fl": "Fl",
    "rotation_error": "rotation",
    "translation_error": "transl.",
    "iou": "IoU",
    "label_transfer_accuracy": "LT-ACC",
    "ause_epe": "AUSE",
    "num_pairs": "pairs",
    "seconds": "seconds",
}
_FORMATS = {
    "aepe": "{:.2f}",
    "median": "{:.2f}",
    "rotation_error": "{:.2f}",
    "translation_error": "{:.2f}",
    "ause_epe": "{:.3f}",
    "num_pairs": "{:d}",
    "seconds": "{:.3f}",
}
_CONFIDENCE = ("coverage", "precision", "ause_epe")
_OF_PIXELS = "_of_pixels"
_WIDTH = 9


def group_rows(title, totals, protocol):
    """Returns a row for each group, and one for the whole set.

    Args:
        title: of the first column.
        totals: `Totals`.
        protocol: `Protocol`.

    Returns:
        List of rows, lists of text; the first is the heading.
    """
    columns = ("num_pairs", *protocol.columns, *_CONFIDENCE, "seconds")
    return _to_rows(title, _groups_and_total(totals), columns)


def breakdown_rows(title, totals, protocol):
    """Returns a table for each attribute that the protocol looks at.

    Args:
        title: of the first columns, in front of the attribute.
        totals: `Totals`.
        protocol: `Protocol`.

    Returns:
        List of lists of rows.
    """
    columns = ("num_pairs", *protocol.columns)
    return [
        _to_rows(f"{title}, {label(name)}", groups, columns)
        for name, groups in totals.breakdowns().items()
    ]


def pair_rows(title, records, protocol):
    """Returns a row for each pair.

    Args:
        title: of the first column.
        records: of one method.
        protocol: `Protocol`.
    """
    columns = [
        name.removesuffix(_OF_PIXELS)
        for name in protocol.columns
        if not name.startswith(("auc", "map"))
    ]
    columns += ["rotation_error", "translation_error", *_CONFIDENCE, "seconds"]
    pairs = {r["name"]: r for r in records if "error" not in r}
    return _to_rows(title, pairs, dict.fromkeys(columns))


def comparison_rows(methods, protocol):
    """Returns the headline scores of several methods, side by side.

    Args:
        methods: dict of title -> `Totals`.
        protocol: `Protocol`.

    Returns:
        List of rows, for each group of which all methods have the scores;
        the first is the heading.
    """
    heading = " / ".join(label(name) for name in protocol.headline)
    rows = [[heading, *methods]]
    cells = {
        title: _groups_and_total(totals) for title, totals in methods.items()
    }
    for group in next(iter(cells.values())):
        found = [cells[title].get(group, {}) for title in methods]
        if all(cell.get(protocol.headline[0]) is not None for cell in found):
            rows.append(
                [group]
                + [
                    " / ".join(_format(c, name) for name in protocol.headline)
                    for c in found
                ]
            )
    return rows


def to_text(rows, width=_WIDTH):
    """Returns rows as aligned text.

    Args:
        rows: lists of text.
        width: least width of the columns behind the first.
    """
    first = max(len(row[0]) for row in rows)
    width = max([width, *(len(cell) for row in rows for cell in row[1:])])
    return "\n".join(
        row[0].ljust(first) + "".join(f" {cell:>{width}}" for cell in row[1:])
        for row in rows
    )


def to_markdown(rows, titles=1):
    """Returns rows as a Markdown table.

    Args:
        rows: lists of text.
        titles: columns that are aligned left, those of figures being right.
    """
    heading, *body = [
        [cell.replace("|", r"\|") for cell in row] for row in rows
    ]
    figures = len(heading) - titles
    lines = [heading, ["---"] * titles + ["---:"] * figures, *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def label(name):
    """Returns what a metric is called in a table."""
    name = name.removesuffix(_OF_PIXELS)
    if name in _LABELS:
        return _LABELS[name]
    for prefix, text in (
        ("pck_alpha_", "PCK@"),
        ("pck", "PCK-"),
        ("auc", "AUC-"),
        ("map", "mAP-"),
    ):
        if name.startswith(prefix):
            return text + name.removeprefix(prefix)
    return name.replace("_", " ")


def _groups_and_total(totals):
    """Returns the means of each group and, if there are several, of all."""
    groups = totals.groups()
    if len(groups) != 1:
        total = "all groups" if "all" in groups else "all"
        groups[total] = totals.all_pairs()
    return groups


def _to_rows(title, results, columns):
    known = [
        name
        for name in columns
        if any(result.get(name) is not None for result in results.values())
    ]
    rows = [[title, *map(label, known)]]
    for name, result in results.items():
        rows.append([name, *(_format(result, column) for column in known)])
    return rows


def _format(result, name):
    value = result.get(name)
    if value is None:
        return "-"
    return _FORMATS.get(name.removesuffix(_OF_PIXELS), "{:.1f}").format(value)
