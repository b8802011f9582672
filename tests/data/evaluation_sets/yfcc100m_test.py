"""What YFCC100M has of its own; `scannet_test.py` tests the rest."""

import pytest

from gocor_tf.data.evaluation_sets.yfcc100m import Yfcc100m
from tests.data.evaluation_sets.miniatures_semantic import write_image

TABLE = "yfcc_test_pairs_with_gt.txt"
IMAGES = (
    "buckingham_palace/test/images/a.jpg",
    "buckingham_palace/test/images/b.jpg",
)
CAMERA = "500 0 320 0 500 240 0 0 1"
# To the reference, image 1: one to the right.
MOTION = "1 0 0 1 0 1 0 0 0 0 1 0 0 0 0 1"
ROW = f"{IMAGES[0]} {IMAGES[1]} 0 0 {CAMERA} {CAMERA} {MOTION}\n"


@pytest.fixture
def root(tmp_path):
    for image, grey in zip(IMAGES, (70, 90), strict=True):
        write_image(tmp_path / image, 480, 640, grey)
    (tmp_path / TABLE).write_text(ROW)
    return tmp_path


def test_image_0_is_the_query(root):
    (sample,) = Yfcc100m(root)
    assert (sample["query"] == 70).all() and (sample["reference"] == 90).all()
    reference_camera, query_camera, motion = sample["pose"]
    assert reference_camera[0, 2] == query_camera[0, 2] == 320
    assert motion[:3, 3].tolist() == [1, 0, 0]
    assert sample["attributes"] == {"scene": "buckingham_palace"}
    assert sample["group"] == "test"


def test_its_list_is_missing(root):
    (root / TABLE).unlink()
    with pytest.raises(ValueError, match=f"lacks {TABLE}. It should look"):
        Yfcc100m(root)
