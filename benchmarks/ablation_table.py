"""The table of the ablation: means over seeds, and their spread."""

import statistics

from gocor_tf.trainers.evaluation import tables

METRICS = {"aepe": "AEPE, px", "pck5": "PCK-5, %"}


def format_scores(scores):
    """Formats the scores of all runs as Markdown.

    Args:
        scores: row -> list, one item a seed, of group -> metric -> mean over
            the group's pairs.

    Returns:
        One table a metric: the mean over seeds and the sample standard
        deviation, and the same of the mean over groups.
    """
    found = []
    for metric, title in METRICS.items():
        groups = _groups_with(metric, next(iter(scores.values()))[0])
        rows = [[title, *scores]]
        for group in groups:
            cells = [
                _spread([run[group][metric] for run in runs])
                for runs in scores.values()
            ]
            rows.append([group, *cells])
        cells = [
            _spread(
                [
                    statistics.mean(run[group][metric] for group in groups)
                    for run in runs
                ]
            )
            for runs in scores.values()
        ]
        rows.append(["mean of the groups", *cells])
        found.append(tables.to_markdown(rows))
    return "\n\n".join(found)


def _groups_with(metric, groups):
    return [n for n, means in groups.items() if means.get(metric) is not None]


def _spread(values):
    mean = f"{statistics.mean(values):.1f}"
    if len(values) < 2:
        return mean
    return f"{mean} +- {statistics.stdev(values):.1f}"
