"""The pairs of a `pairs.json` as an evaluation set."""

from gocor_tf.data import evaluation_pairs, ground_truth, photographs
from gocor_tf.data.evaluation_sets import dataset_folder, samples


class PairList:
    """Any folder of pairs (see `gocor_tf.data.evaluation_pairs`).

    Args:
        path: name of the `pairs.json`.

    Attributes:
        names: list of the pairs' names.

    Raises:
        ValueError: if the list cannot be read, or a file it names is not
            there.

    Example:
    ```python
    pairs = PairList("photographs/pairs.json")
    sample = pairs[0]
    ```
    """

    def __init__(self, path):
        self._pairs = evaluation_pairs.read_pairs(path)
        self.names = [pair.name for pair in self._pairs]

    def __len__(self):
        return len(self._pairs)

    def __getitem__(self, index):
        pair = self._pairs[index]
        place = f"Pair '{pair.name}'"
        with dataset_folder.naming(place):
            images = [
                photographs.read_image(path)
                for path in (pair.reference, pair.query)
            ]
        truth = _read_truth(pair, [image.shape[:2] for image in images])
        if truth.get("points") is not None:
            place += f": '{pair.points_path or pair.gt_path}'"
        with dataset_folder.naming(place):
            return samples.make_sample(pair.name, pair.group, *images, **truth)


def _read_truth(pair, sizes):
    """Returns the ground truth of a pair, by its names in a sample."""
    if pair.gt_type == "none":
        return {}
    try:
        if pair.gt_type == "relative_pose":
            return {"pose": ground_truth.read_pose(pair)}
        points, flow = ground_truth.read_flow(pair, *sizes)
    except OSError as error:
        raise ValueError(
            f"Pair '{pair.name}': cannot read '{error.filename}': "
            f"{error.strerror}."
        ) from error
    return {"points": points, "flow": flow}
