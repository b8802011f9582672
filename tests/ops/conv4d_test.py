import itertools

import numpy as np
import pytest
from keras import ops

from gocor_tf.ops import conv4d


def random(*shape):
    rng = np.random.default_rng(sum(shape))
    return rng.normal(size=shape).astype("float32")


def naive_conv4d(volume, kernel):
    sizes = kernel.shape[:4]
    margins = [(size // 2, size // 2) for size in sizes]
    padded = np.pad(volume, [(0, 0), *margins, (0, 0)])
    result = 0
    for tap in itertools.product(*(range(size) for size in sizes)):
        window = tuple(
            slice(start, start + length)
            for start, length in zip(tap, volume.shape[1:5], strict=True)
        )
        result = result + padded[(slice(None), *window)] @ kernel[tap]
    return result


@pytest.mark.parametrize("sizes", [(3, 3, 3, 3), (1, 3, 5, 3), (1, 1, 1, 1)])
def test_conv4d_equals_a_loop_over_the_taps(sizes):
    volume, kernel = random(2, 3, 4, 5, 2, 2), random(*sizes, 2, 3)
    bias = random(3)
    result = conv4d.conv4d(volume, kernel, bias)
    np.testing.assert_allclose(
        ops.convert_to_numpy(result),
        naive_conv4d(volume, kernel) + bias,
        atol=1e-4,
    )


@pytest.mark.parametrize(("size1", "size2"), [(3, 3), (5, 1), (1, 3)])
def test_separable_conv4d_equals_the_full_kernel(size1, size2):
    volume = random(2, 3, 4, 5, 2)
    weight1, weight2 = random(size1, size1, 1, 4), random(size2, size2, 4, 3)
    kernel = np.einsum("cdui,abio->abcduo", weight1, weight2)
    result = conv4d.separable_conv4d(volume, weight1, weight2)
    np.testing.assert_allclose(
        ops.convert_to_numpy(result),
        naive_conv4d(volume[..., None], kernel),
        atol=1e-4,
    )


@pytest.mark.parametrize("swap", [False, True])
def test_transpose_is_the_adjoint(swap):
    volume = random(2, 3, 4, 5, 2)
    weights = random(3, 3, 1, 4), random(5, 5, 4, 3)
    result = conv4d.separable_conv4d(volume, *weights, swap=swap)
    result = ops.convert_to_numpy(result)
    other = random(*result.shape)
    adjoint = conv4d.separable_conv4d_transpose(other, *weights, swap=swap)
    np.testing.assert_allclose(
        np.sum(result * other),
        np.sum(volume * ops.convert_to_numpy(adjoint)),
        rtol=1e-4,
    )


def test_swap_exchanges_the_pairs_of_axes():
    volume = random(2, 3, 4, 5, 2)
    weights = random(3, 3, 1, 4), random(3, 3, 4, 3)
    plain = conv4d.separable_conv4d(volume, *weights, random(3))
    swapped = conv4d.separable_conv4d(volume, *weights, random(3), swap=True)
    np.testing.assert_array_equal(
        ops.convert_to_numpy(ops.transpose(plain, (0, 3, 4, 1, 2, 5))),
        ops.convert_to_numpy(swapped),
    )


def test_even_kernel_is_rejected():
    with pytest.raises(ValueError, match="`kernel` must have odd sizes"):
        conv4d.conv4d(random(1, 2, 2, 2, 2, 1), random(3, 3, 2, 3, 1, 1))


@pytest.mark.parametrize(
    "function",
    [conv4d.separable_conv4d, conv4d.separable_conv4d_transpose],
)
@pytest.mark.parametrize(("sizes", "name"), [((2, 3), "1"), ((3, 2), "2")])
def test_even_separable_kernel_is_rejected(function, sizes, name):
    weight1 = random(sizes[0], sizes[0], 1, 1)
    weight2 = random(sizes[1], sizes[1], 1, 1)
    with pytest.raises(ValueError, match=f"`weight{name}` must have odd"):
        function(random(1, 2, 2, 2, 2), weight1, weight2)
