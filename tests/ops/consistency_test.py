import numpy as np
from keras import ops

from gocor_tf.ops import consistency


def _confidence(flow, backward_flow):
    return ops.convert_to_numpy(
        consistency.forward_backward_confidence(
            np.asarray(flow, "float32")[None],
            np.asarray(backward_flow, "float32")[None],
        )
    )[0]


def test_opposite_flows_agree_wherever_the_match_is_in_view():
    flow = np.full((4, 6, 2), (2.0, -1.0))
    confidence = _confidence(flow, -flow)
    expected = np.zeros((4, 6))
    expected[1:, :4] = 1
    np.testing.assert_allclose(confidence, expected, atol=1e-6)


def test_one_pixel_of_a_256_image_gives_a_half_at_any_size():
    for height, width in ((8, 16), (64, 32)):
        backward = np.full((height, width, 2), (width / 256, 0.0))
        confidence = _confidence(np.zeros((height, width, 2)), backward)
        np.testing.assert_allclose(confidence, 0.5, atol=1e-6)


def test_sizes_may_differ():
    # The query is the reference at twice its size.
    y, x = np.mgrid[:6, :8]
    flow = np.stack([x, y], axis=-1) + 0.5
    y, x = np.mgrid[:12, :16]
    backward = -(np.stack([x, y], axis=-1) + 0.5) / 2
    confidence = _confidence(flow, backward)
    np.testing.assert_allclose(confidence, 1, atol=1e-4)
