import numpy as np
import pytest

from gocor_tf.data.evaluation_sets.robotcar import RobotCar
from tests.data.evaluation_sets import miniatures_flow

COLUMNS = ["scene", "source_image", "target_image", "XA", "YA", "XB", "YB"]


def _write(root):
    """Writes two pairs of 480 x 480 pixels, which keep their size."""
    rows = [
        ["day", "q.png", "r.png", "105.5;7", "210;8", "100.4;9", "200.6;10"],
        ["/", "day/r.png", "day/q.png", "1", "2", "3", "4"],
    ]
    miniatures_flow.write_csv(root / "test6511.csv", [COLUMNS, *rows])
    return [
        miniatures_flow.write_image(root / "day" / name, (480, 480), seed)
        for seed, name in enumerate(("r.png", "q.png"))
    ]


def test_pairs_are_those_of_the_list(tmp_path):
    images = _write(tmp_path)
    pairs = RobotCar(tmp_path)
    assert len(pairs) == 2
    assert pairs.names == ["pair_0000", "pair_0001"]
    samples = [pairs[0], pairs[1]]
    assert [sample["name"] for sample in samples] == pairs.names
    assert [sample["group"] for sample in samples] == ["all", "all"]
    assert samples[1]["attributes"] == {"scene": "/"}
    for name, image, other in zip(
        ("reference", "query"), images, images[::-1], strict=True
    ):
        np.testing.assert_array_equal(samples[0][name], image)
        np.testing.assert_array_equal(samples[1][name], other)
    with pytest.raises(IndexError):
        pairs[2]


def test_points_a_are_those_of_the_query(tmp_path):
    # Spec 5.3, 6.2: at round(100.4, 200.6) = (100, 201) the flow is
    # (105.5 - 100.4, 210 - 200.6) = (5.1, 9.4).
    _write(tmp_path)
    sample = RobotCar(tmp_path)[0]
    np.testing.assert_array_equal(sample["points"], [[100, 201], [9, 10]])
    np.testing.assert_allclose(sample["flow"], [[5.1, 9.4], [-2, -2]])


def test_what_is_missing_is_listed(tmp_path):
    with pytest.raises(ValueError, match=r"lacks test6511\.csv\. It should"):
        RobotCar(tmp_path)
    _write(tmp_path)
    (tmp_path / "day" / "q.png").unlink()
    with pytest.raises(ValueError, match=r"lacks day/q\.png\. It should look"):
        RobotCar(tmp_path)
