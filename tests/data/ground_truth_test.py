import json

import numpy as np
import pytest

from gocor_tf.data import evaluation_pairs, flow_io, ground_truth

SHIFT = "1 0 2\n0 1 -1\n0 0 1\n"
CAMERA = [[100.0, 0, 50], [0, 100, 40], [0, 0, 1]]


def _pair(path, gt_type, content="", points_path=None):
    path.write_text(content)
    return evaluation_pairs.EvaluationPair(
        "a", "g", "reference", "query", gt_type, str(path), points_path
    )


def test_homography_takes_query_to_reference(tmp_path):
    pair = _pair(tmp_path / "H.txt", "homography", SHIFT)
    points, flow = ground_truth.read_flow(pair, (4, 6), (4, 6))
    assert points is None
    # Reference x in 2..5 and y in 0..2 have a match; elsewhere NaN.
    np.testing.assert_allclose(flow[:3, 2:], np.full((3, 4, 2), (-2, 1)))
    assert np.isnan(flow[:, :2]).all() and np.isnan(flow[3]).all()


def test_the_querys_size_decides_what_is_in_view(tmp_path):
    pair = _pair(tmp_path / "H.txt", "homography", SHIFT)
    _, flow = ground_truth.read_flow(pair, (4, 6), (10, 1))
    assert np.isfinite(flow[:, 2]).all() and np.isnan(flow[:, 3:]).all()


def test_dense_flow_is_nan_where_unknown(tmp_path):
    truth = np.arange(24, dtype="float32").reshape(3, 4, 2)
    valid = np.ones((3, 4), bool)
    valid[0, 0] = False
    pair = _pair(tmp_path / "flow.png", "flow_kitti_png")
    flow_io.write_kitti_flow(pair.gt_path, truth, valid)
    _, flow = ground_truth.read_flow(pair, (3, 4), (9, 9))
    assert np.isnan(flow[0, 0]).all()
    np.testing.assert_array_equal(flow[valid], truth[valid])


@pytest.mark.parametrize("gt_type", ["keypoints_csv", "homography"])
def test_points_are_query_then_reference(tmp_path, gt_type):
    path = tmp_path / "points.csv"
    pair = _pair(path, gt_type, "xq,yq,xr,yr\n1,2,10,20\n", str(path))
    points, flow = ground_truth.read_flow(pair, (50, 50), (50, 50))
    np.testing.assert_array_equal(points, [[10, 20]])
    np.testing.assert_array_equal(flow, [[-9, -18]])


def test_pose(tmp_path):
    entry = {
        "K_query": CAMERA,
        "K_reference": CAMERA,
        "T_query_to_reference": np.eye(4).tolist(),
    }
    content = json.dumps({"a": entry})
    pair = _pair(tmp_path / "poses.json", "relative_pose", content)
    reference_camera, query_camera, motion = ground_truth.read_pose(pair)
    np.testing.assert_array_equal(reference_camera, CAMERA)
    np.testing.assert_array_equal(query_camera, CAMERA)
    np.testing.assert_array_equal(motion, np.eye(4))


@pytest.mark.parametrize(
    ("gt_type", "content", "message"),
    [
        ("homography", "1 2 3", "must hold numbers of shape"),
        ("homography", "a b c", "must hold numbers of shape"),
        ("homography", "1 0 0\n0 1 0\n0 0 0", "must have an inverse"),
        ("homography", "nan 0 0\n0 1 0\n0 0 1", "must be finite"),
        ("flow_kitti_png", "", "Cannot read flow"),
        ("keypoints_csv", "xr,yr,xq,yq\n1,2,3,4\n", "first line"),
        ("keypoints_csv", "xq,yq,xr,yr\n1,2,3\n", "must hold numbers"),
        ("keypoints_csv", "xq,yq,xr,yr\n", "must hold"),
    ],
)
def test_errors_name_the_pair(tmp_path, gt_type, content, message):
    pair = _pair(tmp_path / "truth", gt_type, content)
    with pytest.raises(ValueError, match=f"Pair 'a'.*{message}"):
        ground_truth.read_flow(pair, (4, 6), (4, 6))


def test_flow_of_another_size(tmp_path):
    pair = _pair(tmp_path / "flow.png", "flow_kitti_png")
    flow_io.write_kitti_flow(pair.gt_path, np.zeros((3, 4, 2)))
    with pytest.raises(ValueError, match="Pair 'a'.*must have the reference"):
        ground_truth.read_flow(pair, (4, 3), (4, 6))


@pytest.mark.parametrize("content", ["", "{}", '{"a": {}}', "[1]"])
def test_pose_errors_name_the_pair(tmp_path, content):
    pair = _pair(tmp_path / "poses.json", "relative_pose", content)
    with pytest.raises(ValueError, match="Pair 'a'.*must hold K_reference"):
        ground_truth.read_pose(pair)
