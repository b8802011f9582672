import keras
import numpy as np
import pytest

from gocor_tf.layers import conv_block


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_leaky_relu_keeps_the_precision_of_its_input(dtype):
    x = np.array([-10.0, 0.0, 3.0], dtype)
    result = np.asarray(conv_block.leaky_relu(x))
    expected = np.array([-1.0, 0.0, 3.0], dtype)
    np.testing.assert_allclose(result, expected, rtol=np.finfo(dtype).eps)


def _block(**options):
    """A block of which no weight has its initial value, and its input."""
    block = conv_block.ConvBlock(8, **options)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 9, 10, 3)).astype("float32")
    block.build(x.shape)
    for weight in block.weights:
        weight.assign(rng.uniform(0.5, 2, weight.shape))
    return block, x


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"use_bias": False, "padding": "valid", "activation": "relu"},
        {"strides": 2, "kernel_size": 5},
        {"dilation_rate": 2},
    ],
)
def test_normalizing_the_kernel_changes_nothing(options):
    block, x = _block(**options)
    expected = block.normalization(block.conv(x), training=False)
    activate = getattr(conv_block, block.activation, keras.ops.relu)
    np.testing.assert_allclose(
        block(x), activate(expected), rtol=1e-5, atol=1e-5
    )


def test_frozen_normalization_is_fixed_in_training():
    block, x = _block()
    moves = np.asarray(block(x, training=True))
    block.normalization.trainable = False
    fixed = np.asarray(block(x, training=True))
    np.testing.assert_array_equal(fixed, block(x, training=False))
    assert np.abs(fixed - moves).max() > 0.1


def test_16_bits_normalize_in_float32():
    block, x = _block(dtype="mixed_bfloat16")
    expected = block.normalization(block.conv(x), training=False)
    np.testing.assert_array_equal(block(x), conv_block.leaky_relu(expected))
