import cv2
import numpy as np
import pytest

from gocor_tf.data.evaluation_sets.hpatches import HPatches
from tests.data.evaluation_sets import miniatures_flow

COLUMNS = [
    "obj",
    "im1",
    "im2",
    "Him",
    "Wim",
    "H11",
    "H12",
    "H13",
    "H21",
    "H22",
    "H23",
    "H31",
    "H32",
    "H33",
]
QUERY_SIZE, REFERENCE_SIZE = (20, 30), (40, 60)
# A query pixel q is at 2 q + (6, 4) of the reference.
MATRIX = (2, 0, 6, 0, 2, 4, 0, 0, 1)


def _write(root, matrix=MATRIX, query_size=QUERY_SIZE, rows=None):
    """Writes v_b and v_a, whose images 2..6 have one size."""
    for scene in ("v_b", "v_a"):
        for k in range(1, 7):
            size = query_size if k == 1 else REFERENCE_SIZE
            miniatures_flow.write_image(root / scene / f"{k}.ppm", size, k)
    for k in range(2, 7):
        default = [[s, 1, k, *query_size, *matrix] for s in ("v_b", "v_a")]
        table = root / f"hpatches_1_{k}.csv"
        miniatures_flow.write_csv(
            table, [COLUMNS, *(default if rows is None else rows)]
        )


def _expected(flow, size):
    """A constant flow of negative components, NaN where it leaves."""
    expected = np.full((*size, 2), flow, "float64")
    expected[: -flow[1]] = expected[:, : -flow[0]] = np.nan
    return expected


def test_pairs_are_grouped_by_how_far_the_view_changes(tmp_path):
    _write(tmp_path)
    pairs = HPatches(tmp_path)
    assert len(pairs) == 10
    assert pairs.names[:3] == ["v_b-1-2", "v_a-1-2", "v_b-1-3"]
    samples = [pairs[index] for index in range(10)]
    assert [sample["name"] for sample in samples] == pairs.names
    groups = [f"scene_{k}" for k in (1, 1, 2, 2, 3, 3, 4, 4, 5, 5)]
    assert [sample["group"] for sample in samples] == groups
    assert samples[9]["attributes"] == {"scene": "v_a"}
    with pytest.raises(IndexError):
        pairs[10]


def test_the_query_is_resized_to_the_reference(tmp_path):
    # Spec 5.1: H' = H S_query^-1, S_query = diag(60 / 30, 40 / 20, 1): a
    # resized query pixel q is at q + (6, 4), so the flow is (-6, -4).
    _write(tmp_path)
    sample = HPatches(tmp_path)[0]
    expected = _expected((-6, -4), REFERENCE_SIZE)
    np.testing.assert_allclose(sample["flow"], expected, atol=1e-6)
    reference = miniatures_flow.write_image(
        tmp_path / "x.ppm", REFERENCE_SIZE, 2
    )
    query = miniatures_flow.write_image(tmp_path / "x.ppm", QUERY_SIZE, 1)
    np.testing.assert_array_equal(sample["reference"], reference)
    np.testing.assert_array_equal(
        sample["query"],
        cv2.resize(query, (60, 40), interpolation=cv2.INTER_LINEAR),
    )


def test_both_images_are_resized_to_240(tmp_path):
    # x: 30 -> 240 in the query, times 8, and 60 -> 240 in the reference,
    # times 4: q is at (q / 8 * 2 + 6) * 4 = q + 24. y: times 12 and 6, so
    # (q / 12 * 2 + 4) * 6 = q + 24.
    _write(tmp_path)
    sample = HPatches(tmp_path, "240")[0]
    expected = _expected((-24, -24), (240, 240))
    np.testing.assert_allclose(sample["flow"], expected, atol=1e-5)
    assert sample["reference"].shape == sample["query"].shape == (240, 240, 3)


def test_a_perspective_view_by_hand(tmp_path):
    # H^-1 has 0.01 and 1 in its last row: (50, 10) is divided by 1.5.
    _write(tmp_path, (1, 0, 0, 0, 1, 0, -0.01, 0, 1), REFERENCE_SIZE)
    flow = HPatches(tmp_path)[0]["flow"]
    expected = [50 / 1.5 - 50, 10 / 1.5 - 10]
    np.testing.assert_allclose(flow[10, 50], expected, rtol=1e-6)


def test_a_hundred_millionth_is_added_to_the_divisor(tmp_path):
    # p / (1 + 1e-8) - p = -1e-8 p; the last row and column stay inside.
    _write(tmp_path, (1, 0, 0, 0, 1, 0, 0, 0, 1), REFERENCE_SIZE)
    flow = HPatches(tmp_path)[0]["flow"]
    np.testing.assert_allclose(flow[39, 59], [-59e-8, -39e-8], rtol=1e-5)


def test_matches_beyond_the_last_pixel_are_unknown(tmp_path):
    # Flow (0.5, 0.5): from column 59 to 59.5, beyond width - 1 = 59.
    _write(tmp_path, (1, 0, -0.5, 0, 1, -0.5, 0, 0, 1), REFERENCE_SIZE)
    known = np.isfinite(HPatches(tmp_path)[0]["flow"][..., 0])
    assert known[:39, :59].all()
    assert not known[39].any() and not known[:, 59].any()


def test_what_is_missing_is_listed(tmp_path):
    _write(tmp_path)
    (tmp_path / "hpatches_1_4.csv").unlink()
    with pytest.raises(
        ValueError, match=r"lacks hpatches_1_4\.csv\. It should"
    ):
        HPatches(tmp_path)


def test_missing_images_are_listed(tmp_path):
    _write(tmp_path)
    (tmp_path / "v_a" / "3.ppm").unlink()
    miniatures_flow.make_loop(tmp_path / "v_b" / "1.ppm")
    with pytest.raises(ValueError, match=r"lacks v_b/1\.ppm, v_a/3\.ppm\. It"):
        HPatches(tmp_path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], r"hpatches_1_2\.csv' must list at least one pair"),
        ([["v_a", 1, 2, 20, 30, *MATRIX, 0]], "Row 2 .*_2.csv' must have 14"),
        ([["v_a", 1, 2, 20, 30, *MATRIX[:8], "x"]], "Row 2 .*must be numbers"),
        ([["v_a", 1, 2, 20, "nan", *MATRIX]], "Row 2 of .*must be numbers"),
        ([["v_a", 1, 2, 20, 30, *[0] * 9]], "H must have an inverse. Received"),
    ],
)
def test_a_malformed_list_is_an_error(tmp_path, rows, message):
    _write(tmp_path, rows=rows)
    with pytest.raises(ValueError, match=message):
        HPatches(tmp_path)


def test_the_homography_must_be_that_of_the_image(tmp_path):
    _write(tmp_path)
    miniatures_flow.write_image(tmp_path / "v_b" / "1.ppm", (21, 30))
    message = r"Row 2 of .*_6\.csv': `Him` and `Wim` must.*\(20, 30\).*\(21, 30"
    with pytest.raises(ValueError, match=message):
        HPatches(tmp_path)[8]


def test_an_image_that_cannot_be_read_is_named(tmp_path):
    _write(tmp_path)
    pairs = HPatches(tmp_path)
    miniatures_flow.cut_short(tmp_path / "v_b" / "2.ppm")
    (tmp_path / "v_a" / "2.ppm").unlink()
    with pytest.raises(ValueError, match=r"Row 2 of .*v_b.2\.ppm': it is not"):
        pairs[0]
    with pytest.raises(ValueError, match=r"Row 3 of .*v_a.2\.ppm': No such"):
        pairs[1]


def test_the_variant_is_checked(tmp_path):
    with pytest.raises(ValueError, match=r"`variant` must be .*'original', '2"):
        HPatches(tmp_path, "480")
