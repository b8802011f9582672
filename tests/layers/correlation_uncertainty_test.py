import numpy as np
import pytest
import tensorflow as tf

from gocor_tf.layers.correlation_uncertainty import CorrelationUncertainty
from tests.test_case import TestCase


def _volume(channels, seed=0, size=(2, 3, 4)):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(*size, channels)).astype("float32")


class CorrelationUncertaintyTest(TestCase):
    def test_local_volume(self):
        self.run_layer_test(
            CorrelationUncertainty,
            {"width": 0.25},
            {"volume": _volume(81)},
            num_weights=3 * 6 + 2,
            mixed_tolerance=5e-2,
        )

    def test_two_global_volumes(self):
        self.run_layer_test(
            CorrelationUncertainty,
            {"search_size": 16, "width": 0.25, "batch_norm": False},
            {"volume": _volume(256), "second_volume": _volume(256, 1)},
            num_weights=4 * 2,
            mixed_tolerance=5e-2,
        )

    def test_published_number_of_parameters(self):
        layer = CorrelationUncertainty()
        layer.build((None, None, None, 81))
        self.assertEqual(layer.count_params(), 320 + 9248 + 4624 + 870 + 320)

    def test_cells_do_not_see_each_other(self):
        volume = _volume(81)
        layer = CorrelationUncertainty(width=0.25)
        features = np.array(layer(volume))
        volume[:, 0, 0] = 7.0
        changed = np.asarray(layer(volume))
        self.assert_close(changed[:, 1:], features[:, 1:])
        self.assertGreater(np.abs(changed - features)[:, 0, 0].max(), 0.1)

    def test_training_uses_the_statistics_of_all_windows(self):
        layer = CorrelationUncertainty(width=0.25)
        volume = _volume(81, size=(8, 4, 4))
        layer(volume, training=True)
        mean = layer.blocks[0].normalization.moving_mean
        convolved = layer.blocks[0].conv(volume.reshape(-1, 9, 9, 1))
        self.assert_close(mean, 0.1 * np.mean(convolved, axis=(0, 1, 2)))


@pytest.mark.parametrize("chunk", [5, 12, 23, 24, 1000])
def test_chunks_change_nothing(chunk):
    layer = CorrelationUncertainty(width=0.25, chunk=None)
    volume = _volume(81)
    expected = layer(volume)
    layer.chunk = chunk
    np.testing.assert_allclose(layer(volume), expected, atol=1e-5)
    unknown_size = tf.function(
        layer, input_signature=[tf.TensorSpec((None, None, None, 81))]
    )
    np.testing.assert_allclose(unknown_size(volume), expected, atol=1e-5)


def test_unknown_search_size_is_named():
    with pytest.raises(ValueError, match="`search_size` must be one of"):
        CorrelationUncertainty(search_size=7)


def test_chunks_hold_a_window_at_least():
    with pytest.raises(ValueError, match="`chunk` must be > 0, or None"):
        CorrelationUncertainty(chunk=0)


def test_volume_must_have_a_channel_for_each_score():
    with pytest.raises(ValueError, match="`volume` must have 81 channels"):
        CorrelationUncertainty()(_volume(49))
