import numpy as np
import pytest

from gocor_tf.data.random_warps import ViewWarps


def _cut(law, photograph, size, seed=0):
    sampled = law.sample(np.random.default_rng(seed), size)
    return law.cut(photograph, sampled, size)


def test_views_lie_on_the_canvas():
    law = ViewWarps(view_extent=(1.0, 1.0), view_aspect=1.0)
    cut = _cut(law, np.zeros((400, 500, 3), "uint8"), 44)
    np.testing.assert_allclose(cut["view"][:, :2], 176 * np.eye(2), atol=1e-4)
    np.testing.assert_allclose(cut["view"][:, 2], 175.5, atol=1e-4)
    assert cut["window"].tolist() == [[0, 0], [351, 351]]
    assert cut["query"].shape == (44, 44, 3)
    assert 2 < cut["step"] < 32


def test_canvases_are_squares_half_of_them_mirrored():
    photograph = np.zeros((100, 200, 3), "uint8")
    photograph[:, :, 0] = np.arange(200)
    law = ViewWarps(canvas_size=50, crop_range=(0.5, 0.5))
    slopes = []
    for seed in range(20):
        canvas = _cut(law, photograph, 32, seed)["canvas"].astype(int)
        assert canvas.shape == (50, 50, 3)
        slopes.append(np.sign(canvas[0, -1, 0] - canvas[0, 0, 0]))
    assert set(slopes) == {-1, 1}


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"transformations": ("spiral",)}, "`transformations` must be"),
        ({"transformations": ()}, "`transformations` must be"),
        ({"transformation_weights": (1,)}, "`transformation_weights` must"),
        ({"transformation_weights": (0,) * 4}, "`transformation_weights`"),
        ({"zoom_probability": 1.5}, "`zoom_probability` must be in"),
        ({"zoom": 0.5}, "`zoom` must be >= 1"),
        ({"view_extent": (0.0, 1.0)}, "`view_extent` must be a range"),
        ({"crop_range": (0.5, 1.5)}, "`crop_range` must be a range"),
        ({"canvas_size": 0}, "`canvas_size` must be > 0"),
    ],
)
def test_impossible_ranges_are_errors(ranges, message):
    with pytest.raises(ValueError, match=message):
        ViewWarps(**ranges)
