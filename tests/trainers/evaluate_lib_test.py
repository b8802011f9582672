import json

import numpy as np
import pytest

from gocor_tf.data import evaluation_pairs, flow_io, pictures
from gocor_tf.trainers import baselines, evaluate_lib
from gocor_tf.trainers.estimate import Estimate

METRICS = evaluate_lib.FLOW_METRICS
CAMERA = np.diag([100.0, 100, 1])


def _shift_by(x, y):
    """Returns a method that answers with one vector everywhere."""

    def method(reference, query):
        flow = np.full((*reference.shape[:2], 2), (x, y), np.float32)
        return Estimate(flow, lambda: (np.zeros((0, 2)), np.zeros((0, 2))))

    return method


@pytest.fixture
def pairs(tmp_path):
    pictures.write_png(tmp_path / "image.png", np.zeros((8, 9, 3), np.uint8))
    (tmp_path / "H.txt").write_text("1 0 -4\n0 1 0\n0 0 1\n")
    (tmp_path / "points.csv").write_text("xq,yq,xr,yr\n5,3,1.5,2.5\n")
    flow_io.write_kitti_flow(tmp_path / "flow.png", np.zeros((8, 9, 2)))
    pose = {
        "K_reference": CAMERA.tolist(),
        "K_query": CAMERA.tolist(),
        "T_query_to_reference": np.eye(4).tolist(),
    }
    pose["T_query_to_reference"][0][3] = 1.0
    (tmp_path / "poses.json").write_text(json.dumps({"relative_pose": pose}))
    paths = {
        "homography": "H.txt",
        "flow_kitti_png": "flow.png",
        "keypoints_csv": "points.csv",
        "relative_pose": "poses.json",
        "none": None,
    }
    entries = [
        {
            "name": gt_type,
            "group": "points" if gt_type == "keypoints_csv" else "others",
            "reference": "image.png",
            "query": "image.png",
            "gt_type": gt_type,
            "gt_path": path,
        }
        for gt_type, path in paths.items()
    ]
    (tmp_path / "pairs.json").write_text(json.dumps(entries))
    return evaluation_pairs.read_pairs(tmp_path / "pairs.json")


def test_each_ground_truth_is_scored(pairs):
    results = evaluate_lib.evaluate(_shift_by(4, 3), pairs, "test")
    by_name = {result["name"]: result for result in results["pairs"]}
    assert list(by_name) == list(evaluation_pairs.GT_TYPES)
    assert by_name["homography"]["aepe"] == pytest.approx(3)
    assert by_name["homography"]["pck1"] == 0
    assert by_name["homography"]["pck3"] == 100
    assert by_name["flow_kitti_png"]["median"] == pytest.approx(5)
    assert by_name["keypoints_csv"]["aepe"] == pytest.approx(np.hypot(0.5, 2.5))
    assert by_name["relative_pose"]["rotation_error"] == 180
    assert by_name["relative_pose"]["translation_error"] == 90
    for name in ("relative_pose", "none"):
        assert [by_name[name][metric] for metric in METRICS] == [None] * 6
    assert all(result["seconds"] >= 0 for result in results["pairs"])


def test_groups_are_means_over_pairs(pairs):
    groups = evaluate_lib.evaluate(_shift_by(4, 3), pairs, "test")["groups"]
    assert groups["others"]["num_pairs"] == 4
    assert groups["others"]["aepe"] == pytest.approx((3 + 5) / 2)
    assert groups["others"]["auc20"] == 0
    assert groups["points"]["num_pairs"] == 1
    assert "auc20" not in groups["points"]
    assert "rotation_error" not in groups["points"]


def test_flow_is_saved(pairs, tmp_path):
    folder = tmp_path / "flow"
    folder.mkdir()
    evaluate_lib.evaluate(_shift_by(4, 3), pairs, "test", folder)
    assert len(list(folder.iterdir())) == 5
    flow = flow_io.read_flo(folder / "none.flo")
    np.testing.assert_array_equal(flow, np.full((8, 9, 2), (4, 3)))


def test_an_unreadable_image_names_the_pair(pairs, tmp_path):
    (tmp_path / "image.png").write_bytes(b"")
    with pytest.raises(ValueError, match="Pair 'homography': Cannot read"):
        evaluate_lib.evaluate(_shift_by(0, 0), pairs, "test")


def test_a_pair_that_a_baseline_cannot_match_is_named(pairs):
    with pytest.raises(ValueError, match="^Pair 'homography': The input image"):
        evaluate_lib.evaluate(baselines.match_dis, pairs, "dis")


def test_flow_is_sampled_between_pixels():
    y, x = np.mgrid[:5, :6]
    flow = np.stack([2.0 * x, x + 3.0 * y], axis=-1)
    points = np.array([[1.25, 2.5], [4.0, 0.0], [9.0, -1.0]])
    truth = np.array([[2.5, 8.75], [8, 4], [10, 5]])
    assert evaluate_lib.score_flow(flow, points, truth)["aepe"] == 0


def test_nothing_known_gives_no_scores():
    truth = np.full((3, 4, 2), np.nan)
    scores = evaluate_lib.score_flow(np.zeros((3, 4, 2)), None, truth)
    assert scores == dict.fromkeys(METRICS)


def test_json_has_no_nan(tmp_path):
    evaluate_lib.write_json(
        tmp_path / "a.json", {"a": [1.5, float("nan"), None, "text"], "b": ()}
    )
    report = json.loads((tmp_path / "a.json").read_text())
    assert report == {"a": [1.5, None, None, "text"], "b": []}
