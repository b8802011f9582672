"""JPEG's artefacts against those of OpenCV's own encoder."""

import os
import subprocess
import sys

import cv2
import keras
import numpy as np
import pytest

from gocor_tf.data import jpeg

PRINT_FROM_JAX = (
    "import numpy as np; from gocor_tf.data import jpeg;"
    "from tests.data import jpeg_test;"
    "x = jpeg.jpeg_artefacts(jpeg_test.photograph(16, 24)[None], [30]);"
    "print(np.asarray(x).sum())"
)


def photograph(height, width):
    """Returns smooth blobs with a fine texture."""
    rng = np.random.default_rng(0)
    blobs = rng.uniform(0, 255, (height // 16 + 1, width // 16 + 1, 3))
    image = cv2.resize(
        blobs.astype("float32"),
        (width, height),
        interpolation=cv2.INTER_CUBIC,
    )
    texture = np.linspace(0, 8, width)[:, None]
    image = image + texture * rng.standard_normal(image.shape)
    return np.clip(np.rint(image), 0, 255).astype("uint8")


def compressed_by_opencv(image, quality):
    _, code = cv2.imencode(
        ".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    return cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1].astype("float32")


@pytest.mark.parametrize("quality", [10, 50, 75, 95])
@pytest.mark.parametrize("size", [(64, 96), (45, 61)])
def test_equals_opencv(size, quality):
    image = photograph(*size)
    expected = compressed_by_opencv(image, quality)
    actual = np.asarray(jpeg.jpeg_artefacts(image[None], [quality]))[0]
    # In grey levels. What a cosine on the edge of two steps becomes is up to
    # the last bit, so single pixels may differ more.
    assert np.abs(actual - expected).mean() < 1.2
    damage = np.abs(expected - image).mean()
    np.testing.assert_allclose(np.abs(actual - image).mean(), damage, rtol=0.03)


def test_quality_zero_leaves_an_image_as_it_is():
    images = np.stack([photograph(20, 24)] * 2) + np.float32(0.25)
    changed = np.asarray(jpeg.jpeg_artefacts(images, [0, 10]))
    np.testing.assert_array_equal(changed[0], images[0])
    assert np.abs(changed[1] - images[1]).mean() > 2


def test_flat_images_survive():
    image = np.full((1, 10, 12, 3), 200, "uint8")
    changed = jpeg.jpeg_artefacts(image, [90])
    np.testing.assert_allclose(changed, image, atol=1)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="needs tf.function"
)
def test_unknown_sizes():
    import tensorflow as tf

    image = photograph(20, 24)[None]
    function = tf.function(
        jpeg.jpeg_artefacts,
        input_signature=[
            tf.TensorSpec((None, None, None, 3), "uint8"),
            tf.TensorSpec((None,), "float32"),
        ],
    )
    np.testing.assert_allclose(
        function(image, [40.0]), jpeg.jpeg_artefacts(image, [40]), atol=1
    )


def test_backends_agree():
    pytest.importorskip("jax")
    output = subprocess.run(
        [sys.executable, "-c", PRINT_FROM_JAX],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    ).stdout
    here = np.asarray(jpeg.jpeg_artefacts(photograph(16, 24)[None], [30]))
    np.testing.assert_allclose(float(output), here.sum(), rtol=1e-4)
