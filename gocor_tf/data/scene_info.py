"""Scenes of MegaDepth, as D2-Net prepared them: one `.npz` file each.

For the `n` images of a scene a file has

* `image_paths`, `depth_paths` `(n,)`: names relative to the root, or None;
* `overlap_matrix` `(n, n)`: how much of the row's image the column's shows;
* `points3D_id_to_2D` `(n,)`: a dict for each image, from the number of a 3-D
  point of the scene to its (x, y) in the image, in pixels.

All but one are arrays of Python objects, that is pickles; no code that they
name is run.
"""

import threading
import zipfile

import numpy as np
from numpy.lib import format as npy_format

from gocor_tf.data import safe_pickle

_HEADERS = {
    (1, 0): npy_format.read_array_header_1_0,
    (2, 0): npy_format.read_array_header_2_0,
}


class Scene:
    """A scene's overlapping images; may be used from several threads.

    Points are read when they are first asked for, and then kept, 16 bytes
    each.

    Args:
        path: name of the `.npz` file.
        min_overlap: pairs overlap by more than this, 0..1.
        max_overlap: and by no more than this.

    Raises:
        ValueError: if the file cannot be read; the message has its name.
    """

    def __init__(self, path, min_overlap, max_overlap):
        self._path = path
        self._points = None
        self._lock = threading.Lock()
        images = read_array(path, "image_paths")
        depths = read_array(path, "depth_paths")
        overlap = read_array(path, "overlap_matrix")
        if not images.shape == depths.shape == overlap.shape[:1] or (
            overlap.shape != 2 * images.shape
        ):
            raise ValueError(
                f"Cannot read scene '{path}': `image_paths`, `depth_paths` "
                "and `overlap_matrix` must have shapes (n,), (n,), (n, n). "
                f"Received: {images.shape}, {depths.shape}, {overlap.shape}"
            )
        self.images = images.tolist()
        # Without an image or a depth map: dropped (spec 5.4).
        usable = np.array(
            [bool(i and d) for i, d in zip(images, depths, strict=True)], bool
        )
        overlaps = (overlap > min_overlap) & (overlap <= max_overlap)
        overlaps &= usable[:, None] & usable & ~np.eye(len(usable), dtype=bool)
        self._pairs = np.flatnonzero(overlaps)

    def __len__(self):
        return len(self._pairs)

    def draw(self, seed, number):
        """Draws pairs of images, each at most once.

        Args:
            seed: a non-negative integer.
            number: of pairs, or fewer if the scene has fewer.

        Returns:
            `(number, 2)` integers, places in `images`.
        """
        chosen = np.random.RandomState(seed).choice(
            self._pairs, min(number, len(self._pairs)), replace=False
        )
        return np.stack(np.divmod(chosen, len(self.images)), axis=-1)

    def shared_points(self, one, other):
        """Returns where two images show the same points of the scene.

        Args:
            one: place of an image in `images`.
            other: that of another one.

        Returns:
            Two `(number, 2)` arrays of (x, y), in pixels of either image.

        Raises:
            ValueError: if the points cannot be read.
        """
        with self._lock:
            if self._points is None:
                self._points = read_points(self._path, len(self.images))
        (numbers, points), (other_numbers, other_points) = (
            self._points[one],
            self._points[other],
        )
        _, rows, other_rows = np.intersect1d(
            numbers, other_numbers, assume_unique=True, return_indices=True
        )
        return points[rows], other_points[other_rows]


def read_points(path, number):
    """Reads what points each image of a scene shows.

    Args:
        path: name of the `.npz` file.
        number: of images.

    Returns:
        A list: for each image `(n,)` int64 numbers of points, and `(n, 2)`
        float32 (x, y), in pixels.

    Raises:
        ValueError: if they cannot be read; the message has the file's name.
    """
    points = read_array(path, "points3D_id_to_2D")
    try:
        if points.shape != (number,):
            raise ValueError(f"its shape is {points.shape}")
        return [
            (
                np.fromiter(shown, "int64", len(shown)),
                np.array(list(shown.values()), "float32").reshape(
                    len(shown), 2
                ),
            )
            for shown in points
        ]
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"Cannot read scene '{path}': `points3D_id_to_2D` must have, for "
            f"each of {number} images, a dict from numbers to (x, y). "
            f"Received: {error}"
        ) from error


def read_array(path, name):
    """Reads one array of an `.npz` file, and runs no code that it names.

    Args:
        path: name of the file.
        name: of the array. Of objects, it may hold numbers, strings, lists,
            tuples, dicts and NumPy arrays.

    Returns:
        The array.

    Raises:
        ValueError: if the file cannot be read, lacks the array, or the array
            holds another kind of object; the message has the file's name.
    """
    try:
        with (
            zipfile.ZipFile(path) as archive,
            archive.open(f"{name}.npy") as file,
        ):
            return _read_npy(file)
    except KeyError as error:
        raise ValueError(
            f"Cannot read scene '{path}': it has no array `{name}`. Expected "
            "a scene_info file in D2-Net's format."
        ) from error
    except zipfile.BadZipFile as error:
        raise ValueError(
            f"Cannot read scene '{path}': it is cut short or no .npz file. "
            "Copy it again."
        ) from error
    except OSError as error:
        raise ValueError(
            f"Cannot read scene '{path}': {error.strerror}."
        ) from error
    except safe_pickle.PickleError as error:
        raise ValueError(
            f"Cannot read array `{name}` of scene '{path}': {error}"
        ) from error


def _read_npy(file):
    """Reads an array, of objects or not."""
    try:
        shape, is_fortran, dtype = _HEADERS[npy_format.read_magic(file)](file)
        if not dtype.hasobject:
            file.seek(0)
            return npy_format.read_array(file, allow_pickle=False)
        array = safe_pickle.load(file)
        return array.reshape(shape, order="F" if is_fortran else "C")
    except safe_pickle.PickleError:
        raise
    except Exception as error:  # A damaged header can fail in any way.
        raise safe_pickle.PickleError(
            f"it is damaged ({error}). Copy it again."
        ) from error
