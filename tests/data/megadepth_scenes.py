"""Writes scenes of MegaDepth in the published layout."""

import cv2
import numpy as np

# (height, width) and grey level of the images.
IMAGES = [((40, 60), 100), ((50, 48), 200)]


def _objects(values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


def write_scene(root, scene, overlap, points, images=IMAGES):
    """Writes a scene in the published layout."""
    folder = root / "Undistorted_SfM" / scene / "images"
    folder.mkdir(parents=True)
    (root / "scene_info").mkdir(exist_ok=True)
    names = [
        f"Undistorted_SfM/{scene}/images/{i}.png" for i in range(len(images))
    ]
    for name, (size, grey) in zip(names, images, strict=True):
        cv2.imwrite(str(root / name), np.full((*size, 3), grey, "uint8"))
    np.savez(
        root / "scene_info" / f"{scene}.0.npz",
        image_paths=_objects(names),
        depth_paths=_objects([f"{name}.h5" for name in names]),
        overlap_matrix=np.array(overlap, "float32"),
        points3D_id_to_2D=_objects(points),
    )


def write_pair(root, points):
    """Writes a scene of which only the pair (0, 1) overlaps enough."""
    numbers = range(len(points))
    write_scene(
        root,
        "0001",
        [[-1, 0.5], [0.3, -1]],
        [
            {n: np.array(points[n][0]) for n in numbers},
            {n: np.array(points[n][1]) for n in numbers},
        ],
    )
