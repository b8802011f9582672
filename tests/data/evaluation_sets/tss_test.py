import shutil
import struct

import cv2
import numpy as np
import pytest

from gocor_tf.data.evaluation_sets.tss import TSS
from tests.data.evaluation_sets.miniatures_semantic import (
    cut_short,
    make_loop,
    write_image,
)

# Height and width of image 1 and image 2.
SIZES = {1: (4, 6), 2: (5, 3)}
GROUPS = ("FG3DCar", "JODS", "PASCAL")


def _write_flo(path, flow):
    height, width = flow.shape[:2]
    header = struct.pack("<fii", 202021.25, width, height)
    path.write_bytes(header + flow.astype("<f4").tobytes())


def _write_pair(folder):
    for number, size in SIZES.items():
        write_image(folder / f"image{number}.png", *size, grey=50 * number)
        flow = np.tile(np.float32([number, -0.5]), (*size, 1))
        flow[1, 2] = 1e10
        _write_flo(folder / f"flow{number}.flo", flow)
        mask = np.zeros(size, "uint8")
        mask[1, :] = 255
        mask[2, :] = 254
        cv2.imwrite(str(folder / f"mask{number}.png"), mask)


@pytest.fixture
def root(tmp_path):
    for group in GROUPS:
        _write_pair(tmp_path / group / "b")
    _write_pair(tmp_path / "JODS" / "a")
    return tmp_path


def test_both_directions_of_every_pair(root):
    pairs = TSS(root)
    assert len(pairs) == 8
    assert pairs.names[:4] == [
        "FG3DCar-b-image2",
        "FG3DCar-b-image1",
        "JODS-a-image2",
        "JODS-a-image1",
    ]
    assert [s["group"] for s in pairs] == [
        *["FG3DCar"] * 2,
        *["JODS"] * 4,
        *["PASCAL"] * 2,
    ]


def test_the_flow_of_image_2_points_into_image_1(root):
    sample = TSS(root)[0]
    assert sample["name"] == "FG3DCar-b-image2"
    # Spec 5.7: source image1, target image2, flow2.flo; padded to 5 x 6.
    assert sample["reference"].shape == sample["query"].shape == (5, 6, 3)
    assert (sample["reference"][:5, :3] == 100).all()
    assert (sample["query"][:4, :6] == 50).all()
    assert sample["query"][4].max() == sample["reference"][:, 3:].max() == 0
    # Known on the mask's row of 255, but for the vector beyond 1e9.
    expected = np.full((5, 6, 2), np.nan)
    expected[1, :2] = (2, -0.5)
    np.testing.assert_array_equal(sample["flow"], expected)
    assert sample["flow"].dtype == "float64"
    # The query, image 1, is 4 x 6.
    assert sample["extent"] == 6


def test_the_flow_of_image_1_points_into_image_2(root):
    sample = TSS(root)[1]
    expected = np.full((5, 6, 2), np.nan)
    expected[1, :6] = (1, -0.5)
    expected[1, 2] = np.nan
    np.testing.assert_array_equal(sample["flow"], expected)
    assert sample["extent"] == 5
    assert sample["masks"] is sample["points"] is None


def test_missing_files_are_listed(root):
    (root / "JODS" / "a" / "flow1.flo").unlink()
    make_loop(root / "PASCAL" / "b" / "image2.png")
    with pytest.raises(
        ValueError, match="lacks JODS/a/flow1.flo, PASCAL/b/image2.png. It"
    ):
        TSS(root)
    shutil.rmtree(root / "PASCAL")
    with pytest.raises(ValueError, match="lacks PASCAL. It should look like"):
        TSS(root)


def test_a_subset_must_have_pairs(root):
    shutil.rmtree(root / "PASCAL" / "b")
    with pytest.raises(ValueError, match="PASCAL' must hold a folder for each"):
        TSS(root)


def test_truth_of_another_size_is_an_error(root):
    folder = root / "FG3DCar" / "b"
    pairs = TSS(root)
    write_image(folder / "mask2.png", 5, 4, grey=255)
    with pytest.raises(
        ValueError, match=r"mask2.png' must have the .*, 3 x 5 p.*: 4 x 5"
    ):
        pairs[0]
    _write_flo(folder / "flow1.flo", np.zeros((4, 5, 2)))
    with pytest.raises(ValueError, match=r"^Pair 'FG3DCar/b': .*flow1.flo' mu"):
        pairs[1]


def test_something_must_be_known(root):
    write_image(root / "FG3DCar" / "b" / "mask2.png", 5, 3, grey=254)
    with pytest.raises(ValueError, match="mask2.png' must mark a foreground"):
        TSS(root)[0]


def test_files_that_cannot_be_read_are_named(root):
    pairs = TSS(root)
    cut_short(root / "FG3DCar" / "b" / "flow2.flo")
    with pytest.raises(ValueError, match="^Pair 'FG3DCar/b': .*do not fit 5 x"):
        pairs[0]
    (root / "FG3DCar" / "b" / "image1.png").unlink()
    with pytest.raises(ValueError, match="image1.png': No such file"):
        pairs[0]
