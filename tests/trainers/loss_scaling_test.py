import keras
import pytest

from gocor_tf.trainers.loss_scaling import LossScaling


def test_float32_is_not_scaled():
    scaling = LossScaling(keras.DTypePolicy("float32"))
    assert scaling.initial == scaling.lowered(1.0) == scaling.raised(1.0, 2e3)


@pytest.mark.parametrize(("scale", "lowered"), [(32768.0, 16384.0), (1.0, 1.0)])
def test_an_overflow_halves_the_factor(scale, lowered):
    scaling = LossScaling(keras.DTypePolicy("mixed_float16"))
    assert float(scaling.lowered(scale)) == lowered


@pytest.mark.parametrize(
    ("num_updates", "raised"), [(1999.0, 4.0), (2000.0, 8.0)]
)
def test_it_is_doubled_now_and_then(num_updates, raised):
    scaling = LossScaling(keras.DTypePolicy("mixed_float16"))
    assert float(scaling.raised(4.0, num_updates)) == raised
