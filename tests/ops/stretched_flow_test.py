import numpy as np

from gocor_tf.ops import stretched_flow


def test_equal_sizes_scale_the_vectors_only():
    flow = np.zeros((1, 4, 4, 2), "float32") + [2.0, 4.0]
    result = stretched_flow.unstretch_flow(
        flow, (256, 256), (64, 128), (64, 128)
    )
    expected = np.zeros((1, 64, 128, 2)) + [1.0, 1.0]
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_float64_flows_stay_so():
    flow = np.ones((1, 4, 4, 2))
    result = stretched_flow.unstretch_flow(flow, (3, 3), (4, 4), (4, 4))
    np.testing.assert_allclose(result, flow * 4 / 3, rtol=1e-14)


def test_no_motion_between_stretched_images_is_a_stretch():
    """Corner must meet corner: -0.5 with -0.5, and far end with far end."""
    flow = np.zeros((1, 16, 16, 2), "float32")
    result = np.asarray(
        stretched_flow.unstretch_flow(flow, (256, 256), (10, 20), (30, 10))
    )
    y, x = np.mgrid[:10, :20]
    expected_x = (x + 0.5) * 10 / 20 - 0.5 - x
    expected_y = (y + 0.5) * 30 / 10 - 0.5 - y
    np.testing.assert_allclose(result[0, ..., 0], expected_x, atol=1e-5)
    np.testing.assert_allclose(result[0, ..., 1], expected_y, atol=1e-5)
