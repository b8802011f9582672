import math

import numpy as np
import pytest
from keras import ops

from gocor_tf.losses import endpoint_error, warp_consistency
from gocor_tf.losses.warp_consistency import ConsistencyOptions
from tests import autodiff

SIZE = 16
LEVELS = {"flow_level_4": 4, "flow_level_3": 8}
WEIGHTS = (0.32, 0.08)
EVERYWHERE = np.ones((1, SIZE, SIZE, 1), "float32")


def _grid(cells):
    """Returns the pixel coordinates (x, y) of a level's cell centres."""
    side = (np.arange(cells) + 0.5) * SIZE / cells - 0.5
    return np.stack(np.meshgrid(side, side), axis=-1)


def _affine_flow(cells, matrix):
    grid = _grid(cells)
    mapped = grid @ matrix[:, :2].T + matrix[:, 2]
    return (mapped - grid)[None].astype("float32")


def _outputs(matrix):
    return {name: _affine_flow(cells, matrix) for name, cells in LEVELS.items()}


def _consistent_triplet():
    """Returns three passes of analytic affine flows, and the known flow."""
    to_query = np.array([[1.05, 0.1, -1.0], [-0.08, 0.95, 2.0]])
    to_reference = np.array([[0.9, 0.05, 1.5], [0.1, 1.1, -1.0]])
    both = to_reference[:, :2] @ to_query
    both[:, 2] += to_reference[:, 2]
    passes = [_outputs(m) for m in (to_query, to_reference, both)]
    return passes, _affine_flow(SIZE, both)


def _random_triplet(seed=0, dtype="float32"):
    """Returns passes and a known flow without rhyme, two samples of them."""
    rng = np.random.default_rng(seed)
    passes = [
        {
            name: rng.normal(0, 3, (2, cells, cells, 2)).astype(dtype)
            for name, cells in LEVELS.items()
        }
        for _ in range(3)
    ]
    flow = rng.normal(0, 3, (2, SIZE, SIZE, 2)).astype(dtype)
    valid = np.ones((2, SIZE, SIZE, 1), "float32")
    valid[0, :6, 3:9] = valid[1, 10:, 2] = 0
    return passes, flow, valid


def _sample(image, x, y):
    """Interpolates `(height, width, 2)` at a position; zeros outside."""
    total = np.zeros(2)
    for row in (math.floor(y), math.floor(y) + 1):
        for column in (math.floor(x), math.floor(x) + 1):
            if 0 <= row < image.shape[0] and 0 <= column < image.shape[1]:
                weight = (1 - abs(y - row)) * (1 - abs(x - column))
                total += weight * image[row, column]
    return total


def _naive_bipath(first, second, flow, valid, options):
    """One sample, one level: loops over the formulas of spec 3.6."""
    cells = first.shape[0]
    scale = SIZE // cells
    errors, count = 0.0, 0
    for row in range(cells):
        for column in range(cells):
            x = column + first[row, column, 0] / scale
            y = row + first[row, column, 1] / scale
            if not (0 <= x <= cells - 1 and 0 <= y <= cells - 1):
                continue
            # Cells of an even number of pixels: the mean of the middle four.
            top, left = (n * scale + scale // 2 - 1 for n in (row, column))
            if valid[top : top + 2, left : left + 2].min() < 1:
                continue
            true = flow[top : top + 2, left : left + 2].mean(axis=(0, 1))
            parts = first[row, column], _sample(second, x, y)
            difference = sum(parts) - true
            lengths = sum((part**2).sum() for part in (*parts, true))
            limit = options.visibility_slope * lengths
            limit += options.visibility_offset
            if options.visibility and (difference**2).sum() > limit:
                continue
            errors += np.abs(difference).sum()
            count += 1
    return errors * cells**2 / (count + 1e-6), count


@pytest.mark.parametrize("visibility", [False, True])
def test_bipath_term_equals_loops_over_its_formulas(visibility):
    passes, flow, valid = _random_triplet()
    options = ConsistencyOptions(
        visibility=visibility, visibility_slope=0.6, visibility_offset=2.0
    )
    expected, counts = 0.0, []
    for (name, cells), weight in zip(LEVELS.items(), WEIGHTS, strict=True):
        for sample in range(2):
            first, second = (p[name][sample] for p in passes[:2])
            loss, count = _naive_bipath(
                first, second, flow[sample], valid[sample, ..., 0], options
            )
            expected += weight * loss / 2
            counts.append(count / cells**2)
    loss = warp_consistency.bipath_loss(
        passes[:2], flow, valid, WEIGHTS, options
    )
    assert 0.1 < np.mean(counts) < 0.8
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_consistent_affine_flows_cost_nothing():
    passes, flow = _consistent_triplet()
    loss, parts = warp_consistency.warp_consistency_loss(
        passes, flow, EVERYWHERE, WEIGHTS
    )
    assert float(loss) == pytest.approx(0.0, abs=1e-4)
    assert list(parts) == ["bipath_loss", "supervision_loss"]
    swapped = [passes[1], passes[0]]
    assert (
        float(warp_consistency.bipath_loss(swapped, flow, EVERYWHERE, WEIGHTS))
        > 1.0
    )


def test_visibility_removes_a_planted_occlusion():
    passes, flow = _consistent_triplet()
    passes[0]["flow_level_3"][0, 2:4, 3:5] += np.array([-6.0, 5.0], "float32")
    losses = [
        float(
            warp_consistency.bipath_loss(
                passes[:2],
                flow,
                EVERYWHERE,
                WEIGHTS,
                ConsistencyOptions(visibility=visibility),
            )
        )
        for visibility in (False, True)
    ]
    assert losses[0] > 1.0
    assert losses[1] == pytest.approx(0.0, abs=1e-4)


def test_pixels_that_show_nothing_do_not_count():
    passes, flow = _consistent_triplet()
    flow[:, :4] += 50.0
    valid = np.copy(EVERYWHERE)
    valid[:, :4] = 0
    loss, _ = warp_consistency.warp_consistency_loss(
        passes, flow, valid, WEIGHTS
    )
    assert float(loss) == pytest.approx(0.0, abs=1e-4)


def test_warp_supervision_is_the_multiscale_error_of_the_third_pass():
    passes, flow, valid = _random_triplet()
    expected = 0.0
    for (name, cells), weight in zip(LEVELS.items(), WEIGHTS, strict=True):
        scale, middle = SIZE // cells, SIZE // cells // 2
        windows = [
            array[:, middle - 1 :: scale][:, :, middle - 1 :: scale]
            + array[:, middle::scale][:, :, middle - 1 :: scale]
            + array[:, middle - 1 :: scale][:, :, middle::scale]
            + array[:, middle::scale][:, :, middle::scale]
            for array in (flow, valid)
        ]
        error = np.abs(passes[2][name] - windows[0] / 4).sum(axis=-1)
        counts = windows[1][..., 0] == 4
        sums = (counts * error).sum((1, 2)) / counts.sum((1, 2))
        expected += weight * cells**2 * sums.mean()
    loss = warp_consistency.warp_supervision_loss(
        passes[2], flow, valid, WEIGHTS
    )
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def _bipath_gradients(passes, flow, valid):
    """Returns the loss's derivatives by the first and second flow."""
    names = {
        f"{index}/{name}": value
        for index, outputs in enumerate(passes[:2])
        for name, value in outputs.items()
    }

    def loss(tensors):
        rebuilt = [
            {name: tensors[f"{index}/{name}"] for name in LEVELS}
            for index in range(2)
        ]
        loss = warp_consistency.bipath_loss(rebuilt, flow, valid, WEIGHTS)
        return loss, loss

    _, gradients = autodiff.gradients(loss, names)
    return [
        {name: gradients[f"{index}/{name}"] for name in LEVELS}
        for index in range(2)
    ]


def test_no_gradient_passes_through_the_place_of_the_look_up():
    """So a pixel's gradient is its sign, times its share of the loss."""
    passes, flow, valid = _random_triplet(seed=1)
    gradients, _ = _bipath_gradients(passes, flow, valid)
    for weight, (name, cells) in zip(WEIGHTS, LEVELS.items(), strict=True):
        size = np.abs(gradients[name])
        counted = (size > 0).any(axis=-1).sum(axis=(1, 2), keepdims=True)
        expected = 0.5 * weight * cells**2 / counted[..., None]
        np.testing.assert_allclose(
            size, np.where(size > 0, expected, 0), rtol=1e-4
        )


def test_the_second_flow_is_trained_where_the_first_one_leads():
    passes, flow = _consistent_triplet()
    still = {name: np.zeros_like(value) for name, value in passes[0].items()}
    still["flow_level_4"][0, 1, 1] = [4.0, 0.0]  # One cell to the right.
    flow = np.full_like(flow, 7.0)
    _, gradients = _bipath_gradients([still, still], flow, EVERYWHERE)
    expected = np.full((4, 4), -WEIGHTS[0])
    expected[1, 1], expected[1, 2] = 0.0, 2 * -WEIGHTS[0]
    for axis in range(2):
        np.testing.assert_allclose(
            gradients["flow_level_4"][0, ..., axis], expected, rtol=1e-4
        )


@pytest.mark.parametrize(
    ("losses", "ratio", "expected", "weights"),
    [
        ((6.0, 2.0), 0.5, 9.0, (1.0, 1.5)),
        ((2.0, 6.0), 0.5, 18.0, (6.0, 1.0)),
        ((3.0, 3.0), 1.0, 6.0, (1.0, 1.0)),
    ],
)
def test_balanced_losses_and_their_weights(losses, ratio, expected, weights):
    def balance(tensors):
        loss = warp_consistency.balance(*tensors.values(), ratio)
        return loss, loss

    arrays = dict(zip("us", np.float32(losses), strict=True))
    value, gradients = autodiff.gradients(balance, arrays)
    assert float(value) == pytest.approx(expected, rel=1e-6)
    assert list(gradients.values()) == pytest.approx(weights, rel=1e-6)


def test_terms_are_balanced_by_the_ratio():
    passes, flow, valid = _random_triplet()
    error = endpoint_error.charbonnier_error
    loss, parts = warp_consistency.warp_consistency_loss(
        passes, flow, valid, WEIGHTS, ConsistencyOptions(0.25, error=error)
    )
    bipath, supervision = (float(part) for part in parts.values())
    larger = bipath if bipath > supervision else supervision * 4
    smaller = bipath * 0.25 if bipath > supervision else supervision
    assert float(loss) == pytest.approx(larger + smaller, rel=1e-5)


def test_a_loss_of_zero_is_balanced_without_trouble():
    assert float(warp_consistency.balance(ops.zeros(()), ops.zeros(()))) == 0


def test_independent_variances_add_up():
    variance = np.full((1, 4, 4, 1), 2.0)
    variance[0, 1, 2] = 5.0
    path = np.zeros((1, 4, 4, 2), "float32")
    path[0, 1, 1] = [1.0, 0.0]
    composed = warp_consistency.compose_log_variances(
        np.log(np.full_like(variance, 3.0)), np.log(variance), path
    )
    expected = 3.0 + variance
    expected[0, 1, 1] = 8.0
    np.testing.assert_allclose(np.exp(composed), expected, rtol=1e-5)


def test_weights_must_fit_the_levels():
    passes, flow = _consistent_triplet()
    with pytest.raises(ValueError, match="`level_weights` must have one"):
        warp_consistency.bipath_loss(passes[:2], flow, None, (1.0,))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ratio": 0.0}, "`ratio` must be > 0"),
        ({"visibility_slope": -0.1}, "`visibility_slope` must be >= 0"),
        ({"visibility_offset": -0.1}, "`visibility_offset` must be >= 0"),
    ],
)
def test_impossible_options_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        ConsistencyOptions(**arguments)
