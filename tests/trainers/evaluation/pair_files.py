"""Writes lists of pairs whose true flow is one vector."""

import json

import cv2
import numpy as np

SIZE = (24, 36)


def write_pairs(folder, **lengths):
    """Writes pairs that move to the right by so many px: name -> length.

    Returns:
        The name of the `pairs.json`. Pair `a` has the images `a0.png`, the
        reference, and `a1.png`. All pairs are the group "moved".
    """
    entries = []
    for number, (name, length) in enumerate(lengths.items()):
        noise = np.random.default_rng(number).integers(
            0, 255, (*SIZE, 3), np.uint8
        )
        for image in (0, 1):
            assert cv2.imwrite(str(folder / f"{name}{image}.png"), noise)
        # From the query to the reference.
        (folder / f"{name}.txt").write_text(f"1 0 {-length}\n0 1 0\n0 0 1\n")
        entries.append(
            {
                "name": name,
                "group": "moved",
                "reference": f"{name}0.png",
                "query": f"{name}1.png",
                "gt_type": "homography",
                "gt_path": f"{name}.txt",
            }
        )
    path = folder / "pairs.json"
    path.write_text(json.dumps(entries))
    return path
