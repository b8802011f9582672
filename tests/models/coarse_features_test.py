import keras
import numpy as np
import pytest

from gocor_tf.models import (
    BaseNet,
    GLUNet,
    PDCNet,
    PWCNet,
    SemanticGLUNet,
)
from gocor_tf.models.coarse_features import coarse_features

SMALL = {"backbone": "compact", "width": 0.125}
NETWORKS = {
    "basenet": lambda: BaseNet(**SMALL),
    "glunet": lambda: GLUNet(**SMALL),
    "two_pyramids": lambda: GLUNet(two_pyramids=True, **SMALL),
    "semantic_glunet": lambda: SemanticGLUNet(**SMALL),
    "pdcnet": lambda: PDCNet(**SMALL),
    "pwcnet": lambda: PWCNet(width=0.125),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_features_move_with_the_image(name):
    model = NETWORKS[name]()
    model.build()
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (1, 256, 320, 3), np.uint8)
    features = coarse_features(model, image)
    assert features.shape[:3] == (1, 16, 20)
    moved = coarse_features(model, np.roll(image, 64, axis=2))
    features, moved = map(keras.ops.convert_to_numpy, (features, moved))
    np.testing.assert_allclose(
        moved[:, 6:10, 10:14], features[:, 6:10, 6:10], atol=1e-4
    )
