"""Tests of flows, mappings and their resizing."""

import keras
import numpy as np
from keras import ops

from gocor_tf.ops import flow as flow_ops


def random(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def test_coordinate_grid_is_x_then_y():
    grid = ops.convert_to_numpy(flow_ops.coordinate_grid(2, 3))
    assert grid.shape == (2, 3, 2)
    np.testing.assert_array_equal(grid[1, 2], [2, 1])


def test_mapping_and_flow_are_each_other_s_inverse():
    flow = random(0, 2, 4, 5, 2)
    mapping = flow_ops.flow_to_mapping(flow)
    np.testing.assert_allclose(
        mapping[0, 3, 2], flow[0, 3, 2] + [2, 3], rtol=1e-6
    )
    np.testing.assert_allclose(
        flow_ops.mapping_to_flow(mapping), flow, atol=1e-6
    )


def test_zero_normalized_mapping_points_to_the_centre():
    # The published golden numbers are 16 times these, in image pixels.
    flow = flow_ops.normalized_mapping_to_flow(np.zeros((1, 16, 16, 2), "f4"))
    np.testing.assert_allclose(flow[0, 0, 0], [7.5, 7.5])
    np.testing.assert_allclose(flow[0, 15, 3], [4.5, -7.5])


def test_normalized_identity_is_zero_flow():
    x, y = np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-1, 1, 4))
    mapping = np.stack([x, y], axis=-1)[None].astype("float32")
    np.testing.assert_allclose(
        flow_ops.normalized_mapping_to_flow(mapping), 0 * mapping, atol=1e-6
    )


def test_resize_flow_scales_each_component():
    flow = np.full((1, 4, 5, 2), 2, "float32")
    resized = flow_ops.resize_flow(flow, (12, 10))
    assert tuple(resized.shape) == (1, 12, 10, 2)
    np.testing.assert_allclose(resized[0, 3, 3], [4, 6])


def test_flows_are_float32_even_if_given_16_bits():
    flow = ops.cast(random(0, 1, 2, 600, 2), "float16")
    for function in (
        flow_ops.flow_to_mapping,
        flow_ops.mapping_to_flow,
        flow_ops.normalized_mapping_to_flow,
        lambda f: flow_ops.resize_flow(f, (4, 4)),
    ):
        dtype = keras.backend.standardize_dtype(function(flow).dtype)
        assert dtype == "float32"
