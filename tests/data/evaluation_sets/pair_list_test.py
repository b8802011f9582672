import json

import cv2
import numpy as np
import pytest

from gocor_tf.data.evaluation_sets.pair_list import PairList

SIZE = (8, 9)
CAMERA = np.diag([100.0, 100, 1])
MOTION = np.eye(4) + np.eye(4, k=3)
TRUTHS = {
    "homography": "H.txt",
    "flow_kitti_png": "flow.png",
    "keypoints_csv": "points.csv",
    "relative_pose": "poses.json",
    "none": None,
}


@pytest.fixture
def root(tmp_path):
    """Returns a folder with a pair for each kind of ground truth."""
    for grey, name in ((50, "reference.png"), (90, "query.png")):
        image = np.full((*SIZE, 3), grey, "uint8")
        assert cv2.imwrite(str(tmp_path / name), image)
    (tmp_path / "H.txt").write_text("1 0 -4\n0 1 0\n0 0 1\n")
    (tmp_path / "points.csv").write_text("xq,yq,xr,yr\n5,3,1.5,2.5\n")
    flow = np.full((*SIZE, 3), (1, 32768, 32768 + 2 * 64), "uint16")
    flow[0] = 0
    assert cv2.imwrite(str(tmp_path / "flow.png"), flow)
    pose = {
        "K_reference": CAMERA.tolist(),
        "K_query": (2 * CAMERA).tolist(),
        "T_query_to_reference": MOTION.tolist(),
    }
    (tmp_path / "poses.json").write_text(json.dumps({"relative_pose": pose}))
    entries = [
        {
            "name": kind,
            "group": f"of {kind}",
            "reference": "reference.png",
            "query": "query.png",
            "gt_type": kind,
            "gt_path": path,
        }
        for kind, path in TRUTHS.items()
    ]
    (tmp_path / "pairs.json").write_text(json.dumps(entries))
    return tmp_path


def _sample(root, kind):
    pairs = PairList(root / "pairs.json")
    return pairs[pairs.names.index(kind)]


def test_pairs_are_those_of_the_list(root):
    pairs = PairList(root / "pairs.json")
    assert len(pairs) == 5 and pairs.names == list(TRUTHS)
    for sample in pairs:
        assert sample["group"] == f"of {sample['name']}"
        assert (sample["reference"] == 50).all()
        assert (sample["query"] == 90).all()
    with pytest.raises(IndexError):
        pairs[5]


def test_a_homography_is_a_dense_flow(root):
    # The query's x is the reference's x + 4, beyond the last, 8, from 5 on.
    sample = _sample(root, "homography")
    expected = np.full((*SIZE, 2), (4.0, 0))
    expected[:, 5:] = np.nan
    np.testing.assert_array_equal(sample["flow"], expected)
    assert sample["points"] is sample["pose"] is None


def test_a_flow_file_is_a_dense_flow(root):
    expected = np.full((*SIZE, 2), (2.0, 0))
    expected[0] = np.nan
    sample = _sample(root, "flow_kitti_png")
    np.testing.assert_array_equal(sample["flow"], expected)


def test_points_have_their_flow(root):
    sample = _sample(root, "keypoints_csv")
    np.testing.assert_array_equal(sample["points"], [[1.5, 2.5]])
    np.testing.assert_array_equal(sample["flow"], [[3.5, 0.5]])


def test_a_pose_is_two_cameras_and_a_motion(root):
    sample = _sample(root, "relative_pose")
    expected = CAMERA, 2 * CAMERA, MOTION
    for array, other in zip(sample["pose"], expected, strict=True):
        np.testing.assert_array_equal(array, other)
    assert sample["flow"] is None


def test_nothing_need_be_known(root):
    sample = _sample(root, "none")
    assert sample["flow"] is sample["points"] is sample["pose"] is None


def test_images_that_cannot_be_read_are_named(root):
    pairs = PairList(root / "pairs.json")
    (root / "query.png").write_bytes(b"")
    with pytest.raises(ValueError, match="^Pair 'homography': .*query.png': i"):
        pairs[0]
    (root / "query.png").unlink()
    with pytest.raises(ValueError, match="^Pair 'homography': .*: No such fil"):
        pairs[0]


@pytest.mark.parametrize("kind", ["homography", "flow_kitti_png"])
def test_a_truth_that_is_gone_is_named(root, kind):
    pairs = PairList(root / "pairs.json")
    (root / TRUTHS[kind]).unlink()
    with pytest.raises(
        ValueError,
        match=f"^Pair '{kind}': [cC]annot read .*{TRUTHS[kind]}': No such file",
    ):
        pairs[pairs.names.index(kind)]


def test_a_flow_of_another_size_is_named(root):
    flow = np.ones((*SIZE[::-1], 3), "uint16")
    assert cv2.imwrite(str(root / "flow.png"), flow)
    with pytest.raises(
        ValueError, match=r"^Pair 'flow_kitti_png': .*flow.png' must .*\(9, 8\)"
    ):
        _sample(root, "flow_kitti_png")


def test_a_point_outside_is_named(root):
    (root / "points.csv").write_text("xq,yq,xr,yr\n5,3,9,2\n")
    with pytest.raises(
        ValueError, match=r"^Pair 'keypoints_csv': '.*points.csv': `points` mu"
    ):
        _sample(root, "keypoints_csv")


def test_a_list_that_cannot_be_read(tmp_path):
    with pytest.raises(ValueError, match="Cannot read pairs .*: No such file"):
        PairList(tmp_path / "pairs.json")
