import pytest

from gocor_tf.data.evaluation_sets.scannet import ScanNet
from tests.data.evaluation_sets.miniatures_semantic import (
    cut_short,
    make_loop,
    write_image,
)

TABLE = "scannet_test_pairs_with_gt.txt"
IMAGES = (
    "scans_test/scene0707_00/sens/frame-000015.color.jpg",
    "scans_test/scene0707_00/sens/frame-000585.color.jpg",
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
    (sample,) = ScanNet(root)
    assert (sample["query"] == 70).all() and (sample["reference"] == 90).all()
    reference_camera, query_camera, motion = sample["pose"]
    assert reference_camera[0, 2] == query_camera[0, 2] == 320
    assert motion[:3, 3].tolist() == [1, 0, 0]
    assert sample["attributes"] == {"scene": "scene0707_00"}
    assert sample["group"] == "test"


def test_names_and_length(root):
    (root / TABLE).write_text(2 * ROW)
    pairs = ScanNet(root)
    assert len(pairs) == 2
    assert pairs.names == [
        "0000-frame-000015.color-frame-000585.color",
        "0001-frame-000015.color-frame-000585.color",
    ]
    assert pairs[1]["name"] == pairs.names[1]
    with pytest.raises(IndexError):
        pairs[2]


def test_missing_files_are_listed(root):
    make_loop(root / IMAGES[1])
    with pytest.raises(ValueError, match=f"lacks {IMAGES[1]}. It should look"):
        ScanNet(root)
    (root / TABLE).unlink()
    with pytest.raises(ValueError, match=f"lacks {TABLE}. It should look"):
        ScanNet(root)


def test_damaged_rows_are_named(root):
    (root / TABLE).write_text(ROW + ROW.replace("320", "x"))
    with pytest.raises(ValueError, match=f"^row 2 of '.*{TABLE}': Expected"):
        ScanNet(root)


def test_images_that_cannot_be_read_are_named(root):
    pairs = ScanNet(root)
    cut_short(root / IMAGES[0])
    with pytest.raises(ValueError, match="^row 1 of .*jpg': it is cut short"):
        pairs[0]
    (root / IMAGES[0]).unlink()
    with pytest.raises(ValueError, match="^row 1 of .*jpg': No such file"):
        pairs[0]
