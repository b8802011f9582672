"""ETH3D: video frames at growing intervals, with sparse matches."""

import os

import numpy as np

from gocor_tf.data import photographs, safe_pickle
from gocor_tf.data.evaluation_sets import dataset_folder
from gocor_tf.data.evaluation_sets.samples import make_sample

RATES = (3, 5, 7, 9, 11, 13, 15)
_SCENES = {
    "multiview_testing": (
        "lakeside",
        "sand_box",
        "storage_room",
        "storage_room_2",
        "tunnel",
    ),
    "multiview_training": (
        "delivery_area",
        "electro",
        "forest",
        "playground",
        "terrains",
    ),
}
_LAYOUT = (
    "multiview_testing/lakeside/..., multiview_training/delivery_area/..., "
    "info_ETH3D_files/lakeside_every_5_rate_of_3"
)
_EXPECTED = (
    "must be a dict of `source_image`, `target_image` and equally many finite "
    "`Xs`, `Ys`, `Xt`, `Yt`"
)


class ETH3D:
    """ETH3D intervals: ten scenes at seven rates (spec 5.2).

    `info_ETH3D_files/SCENE_every_5_rate_of_RATE` is a pickle; it is read
    without running any code. It lists dicts of `source_image` (the query) and
    `target_image` (the reference), relative to `data_dir`, and arrays `Xs`,
    `Ys`, `Xt`, `Yt` of their matching points. Pairs of a rate are the group
    "rate_RATE"; attributes are `rate` and `scene`.

    Convention:
        Images have their native size. `points` are (Xt, Yt) rounded to whole
        pixels, `flow` is (Xs - Xt, Ys - Yt) before rounding. Of points in one
        pixel the last is kept: the protocol writes them into an array.

    Example:
        ```python
        pairs = ETH3D("ETH3D")
        points, flow = pairs[0]["points"], pairs[0]["flow"]
        ```

    Args:
        data_dir: folder with the three folders above.

    Raises:
        ValueError: if a file is missing, or a list is malformed.
    """

    def __init__(self, data_dir):
        self._data_dir = data_dir
        self._lists = {
            (rate, scene): f"info_ETH3D_files/{scene}_every_5_rate_of_{rate}"
            for rate in RATES
            for scenes in _SCENES.values()
            for scene in scenes
        }
        # Together the lists can be large: only the one in use is kept.
        self._opened = None, None
        dataset_folder.check_files(data_dir, self._lists.values(), _LAYOUT)
        self._pairs = []
        images = []
        for key in self._lists:
            pairs = self._read_list(key)
            self._pairs += [(key, number) for number in range(len(pairs))]
            for reference, query, _ in pairs:
                images += [reference, query]
        dataset_folder.check_files(data_dir, images, _LAYOUT)
        self.names = [
            f"rate_{rate}-{scene}-{number:04d}"
            for (rate, scene), number in self._pairs
        ]

    def __len__(self):
        return len(self._pairs)

    def __getitem__(self, index):
        key, number = self._pairs[index]
        rate, scene = key
        path = os.path.join(self._data_dir, self._lists[key])
        reference, query, points = self._read_list(key)[number]
        with dataset_folder.naming(f"Pair {number} of '{path}'"):
            reference, query = (
                photographs.read_image(os.path.join(self._data_dir, name))
                for name in (reference, query)
            )
            rounded, flow = _last_of_each_pixel(points)
            return make_sample(
                self.names[index],
                f"rate_{rate}",
                reference,
                query,
                attributes={"rate": rate, "scene": scene},
                points=rounded,
                flow=flow,
            )

    def _read_list(self, key):
        opened, pairs = self._opened
        if opened != key:
            path = os.path.join(self._data_dir, self._lists[key])
            pairs = _read_list(path)
            self._opened = key, pairs
        return pairs


def _read_list(path):
    """Reads a list of (reference, query, points `(n, 4)` Xt Yt Xs Ys)."""
    try:
        with open(path, "rb") as file:
            pairs = safe_pickle.load(file)
    except OSError as error:
        raise ValueError(f"Cannot read '{path}': {error.strerror}.") from error
    except safe_pickle.PickleError as error:
        raise ValueError(f"Cannot read '{path}': {error}") from error
    if not isinstance(pairs, list) or not pairs:
        raise ValueError(
            f"'{path}' must hold a list of at least one pair. "
            f"Received: {pairs!r:.100}"
        )
    return [_parse(pair, number, path) for number, pair in enumerate(pairs)]


def _parse(pair, number, path):
    try:
        points = np.stack(
            [
                np.asarray(pair[name], "float64").reshape(-1)
                for name in ("Xt", "Yt", "Xs", "Ys")
            ],
            axis=-1,
        )
        images = pair["target_image"], pair["source_image"]
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"Pair {number} of '{path}' {_EXPECTED}. Received: {error!r}"
        ) from error
    texts = all(isinstance(image, str) for image in images)
    if not (texts and np.isfinite(points).all()):
        raise ValueError(
            f"Pair {number} of '{path}' {_EXPECTED}. "
            f"Received: {images} and {points.tolist()!r:.100}"
        )
    return *images, points


def _last_of_each_pixel(points):
    """Returns the rounded reference points, each once, and their flow."""
    rounded = np.rint(points[::-1, :2])
    flow = points[::-1, 2:] - points[::-1, :2]
    _, first = np.unique(rounded, axis=0, return_index=True)
    return rounded[first], flow[first]
