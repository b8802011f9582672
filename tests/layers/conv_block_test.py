import numpy as np
import pytest

from gocor_tf.layers import conv_block


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_leaky_relu_keeps_the_precision_of_its_input(dtype):
    x = np.array([-10.0, 0.0, 3.0], dtype)
    result = np.asarray(conv_block.leaky_relu(x))
    expected = np.array([-1.0, 0.0, 3.0], dtype)
    np.testing.assert_allclose(result, expected, rtol=np.finfo(dtype).eps)
