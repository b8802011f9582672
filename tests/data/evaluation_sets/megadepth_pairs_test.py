"""What MegaDepth has of its own; `robotcar_test.py` tests the rest."""

import numpy as np
import pytest

from gocor_tf.data.evaluation_sets.megadepth_pairs import MegaDepthTest
from tests.data.evaluation_sets import miniatures_flow

COLUMNS = ["scene", "source_image", "target_image", "XA", "YA", "XB", "YB"]


def _write(root):
    """Writes two pairs of 480 x 480 pixels, which keep their size."""
    rows = [
        ["day", "q.png", "r.png", "105.5;7", "210;8", "100.4;9", "200.6;10"],
        ["/", "day/r.png", "day/q.png", "1", "2", "3", "4"],
    ]
    miniatures_flow.write_csv(root / "test1600Pairs.csv", [COLUMNS, *rows])
    return [
        miniatures_flow.write_image(root / "day" / name, (480, 480), seed)
        for seed, name in enumerate(("r.png", "q.png"))
    ]


def test_points_a_are_those_of_the_query(tmp_path):
    # Spec 5.3, 6.2: at round(100.4, 200.6) = (100, 201) the flow is
    # (105.5 - 100.4, 210 - 200.6) = (5.1, 9.4).
    _write(tmp_path)
    sample = MegaDepthTest(tmp_path)[0]
    np.testing.assert_array_equal(sample["points"], [[100, 201], [9, 10]])
    np.testing.assert_allclose(sample["flow"], [[5.1, 9.4], [-2, -2]])


def test_what_is_missing_is_listed(tmp_path):
    with pytest.raises(
        ValueError, match=r"lacks test1600Pairs\.csv\. It should"
    ):
        MegaDepthTest(tmp_path)
