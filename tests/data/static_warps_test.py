import cv2
import numpy as np
import pytest

from gocor_tf.data import static_warps, warp_formulas
from gocor_tf.data.pair_geometry import PairGeometry
from gocor_tf.data.static_warps import StaticWarps
from tests.data import published_rows

DRAWS = 2000


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(0)
    return [static_warps.draw_parameters(rng) for _ in range(DRAWS)]


def _of_kind(drawn, kind):
    return np.stack([numbers for k, numbers in drawn if k == kind])


def _render(kind, photograph, size):
    """Returns the pair, and where it shows the photograph and is in view."""
    law, parameters = StaticWarps(), published_rows.parameters(kind)
    sampled = static_warps.to_pair(kind, parameters, size)
    arrays = sampled | law.cut(photograph, sampled, size)
    batch = {
        name: np.asarray(
            arrays[name], None if name in ("canvas", "query") else "float32"
        )[None]
        for name in arrays.keys() - {"kind"}
    }
    geometry = PairGeometry(size, *law.units(size))
    pair, shown = geometry.render(batch, geometry.match(batch))
    in_view = geometry.in_view(pair["flow"])
    return pair, np.asarray(shown), np.asarray(in_view)


@pytest.mark.parametrize("kind", static_warps.KINDS)
def test_flow_has_the_published_values(kind):
    _, expected, share = published_rows.ROWS[kind]
    pair, shown, in_view = _render(kind, np.zeros((60, 80, 3), "uint8"), 520)
    rows, columns = zip(*published_rows.PLACES, strict=True)
    flow = np.asarray(pair["flow"])[0, rows, columns]
    np.testing.assert_allclose(flow, expected, atol=4e-3)
    assert in_view.mean() == pytest.approx(share, abs=1e-4)
    # What is in view lies on the canvas.
    assert (in_view * shown).mean() == in_view.mean()


def test_half_are_homographies_a_quarter_each_of_the_others(drawn):
    kinds = [kind for kind, _ in drawn]
    shares = [kinds.count(kind) / DRAWS for kind in static_warps.KINDS]
    np.testing.assert_allclose(shares, [0.25, 0.25, 0.5], atol=0.04)


def test_homographies_move_corners_by_whole_pixels(drawn):
    matrices = _of_kind(drawn, "homography").reshape(-1, 3, 3)
    corners = 120 * warp_formulas.CORNERS + (384, 288)
    moved = np.concatenate([corners, np.ones((4, 1))], axis=1)
    moved = moved @ matrices.transpose(0, 2, 1)
    shift = moved[..., :2] / moved[..., 2:] - corners
    np.testing.assert_allclose(shift, np.round(shift), atol=1e-6)
    assert shift.min() > -80.5 and shift.max() < 79.5
    assert shift.mean() == pytest.approx(-0.5, abs=2.0)
    assert shift.std() == pytest.approx(46.2, abs=1.0)


def test_splines_and_affine_warps_have_the_published_spread(drawn):
    splines = _of_kind(drawn, "tps").reshape(-1, 2, 9)
    shift = splines - warp_formulas.CONTROL_POINTS.T
    assert shift.std() == pytest.approx(0.2, abs=0.01)
    assert shift.mean() == pytest.approx(0, abs=0.01)
    affine = _of_kind(drawn, "affine").reshape(-1, 2, 3)
    area = np.linalg.det(affine[..., :2])
    assert 0.5625 <= area.min() < 0.62 and 1.5 < area.max() <= 1.5625
    assert 0.24 < np.abs(affine[..., 2]).max() <= 0.25


def _ramp(height, width):
    """Returns a photograph whose colours are its positions, in permille."""
    x, y = np.meshgrid(np.arange(width) / width, np.arange(height) / height)
    return (250 * np.stack([x, y, 0 * x], axis=-1)).astype("uint8")


@pytest.mark.parametrize("kind", static_warps.KINDS)
@pytest.mark.parametrize("shape", [(60, 80), (180, 200), (280, 380)])
def test_images_are_those_of_the_published_canvas(kind, shape):
    size = 96
    width, height = static_warps._canvas_size(kind, size)
    canvas = cv2.resize(_ramp(*shape), (width, height)).astype("float32")
    # Rounding, and a pixel of the photograph.
    tolerance = 1.6 + 250 / min(shape)
    pair, _, _ = _render(kind, _ramp(*shape), size)
    view = static_warps._view(kind, size)[:2].astype("float32")
    points = warp_formulas.pixel_points(size, *StaticWarps().units(size))
    positions = (points @ view[:, :2].T + view[:, 2]).astype("float32")
    query = cv2.remap(
        canvas, positions.reshape(size, size, 2), None, cv2.INTER_LINEAR
    )
    np.testing.assert_allclose(pair["query"][0], query, atol=tolerance)
    matched = np.asarray(pair["flow"])[0].reshape(-1, 2) / ((size - 1) / 2)
    positions = (points + matched) @ view[:, :2].T + view[:, 2]
    reference = cv2.remap(
        canvas,
        positions.astype("float32").reshape(size, size, 2),
        None,
        cv2.INTER_LINEAR,
    )
    np.testing.assert_allclose(pair["reference"][0], reference, atol=tolerance)


@pytest.mark.parametrize(
    ("shape", "limits"),
    [
        ((100, 150), ((0, 0), (149, 99))),
        # Cut to 1.5 canvases of 153 x 115, or filled up to them.
        ((200, 400), ((85, 14), (313, 185))),
        ((100, 400), ((85, 0), (313, 99))),
    ],
)
def test_large_photographs_are_cropped(shape, limits):
    assert static_warps._canvas_size("homography", 48) == (153, 115)
    _, found = static_warps._place_canvas("homography", shape, 48)
    np.testing.assert_array_equal(found, limits)


def test_canvases_have_one_shape():
    shapes = set()
    law, rng = StaticWarps(), np.random.default_rng(0)
    for height, width in ((60, 80), (400, 500), (200, 1000)):
        photograph = np.zeros((height, width, 3), "uint8")
        for _ in range(4):
            cut = law.cut(photograph, law.sample(rng, 64), 64)
            shapes.add(cut["canvas"].shape)
    assert shapes == {(112, 112, 3)}
