import keras
import numpy as np
import pytest

import gocor_tf
from gocor_tf.models import imagenet_weights, load_imagenet_weights
from gocor_tf.ops import preprocess


@pytest.fixture(scope="module")
def vgg16():
    """VGG-16 as Keras has it, with random weights."""
    return keras.applications.VGG16(include_top=False, weights=None)


@pytest.fixture(scope="module")
def network():
    return gocor_tf.load_model("basenet", weights=None)


def test_first_convolution_answers_as_caffes_inside_the_border():
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(3, 3, 3, 5)).astype("float32")
    bias = rng.normal(size=5)
    images = rng.integers(0, 256, (2, 7, 8, 3)).astype("float32")
    caffe = keras.applications.vgg16.preprocess_input(images.copy())
    expected = keras.ops.conv(caffe, kernel, padding="same") + bias
    kernel, bias = imagenet_weights.fold_preprocessing(kernel, bias)
    normalized = preprocess.normalize_image(images)
    kernel = kernel.astype("float32")
    answer = keras.ops.conv(normalized, kernel, padding="same") + bias
    difference = np.abs(answer - expected)
    # Sums of 27 products of up to 600, in float32.
    assert difference[:, 1:-1, 1:-1].max() < 2e-3
    # Zeros around the image are another grey there, by up to 0.5.
    assert 0.05 < difference.max() < 10


def test_pyramid_takes_the_first_ten_convolutions(vgg16, network, tmp_path):
    path = tmp_path / "vgg16.weights.h5"
    vgg16.save_weights(path)
    load_imagenet_weights(network, path)
    theirs = [layer for layer in vgg16.layers if "conv" in layer.name][:10]
    ours = network.pyramid.convolutions
    for layer, other in zip(ours[1:], theirs[1:], strict=True):
        np.testing.assert_array_equal(layer.kernel, other.kernel)
        np.testing.assert_array_equal(layer.bias, other.bias)
    kernel, bias = imagenet_weights.fold_preprocessing(*theirs[0].get_weights())
    np.testing.assert_allclose(ours[0].kernel, kernel, rtol=1e-6)
    np.testing.assert_allclose(ours[0].bias, bias, rtol=1e-6)


def test_load_model_asks_keras_for_the_weights(vgg16, monkeypatch):
    asked = []

    def create(include_top, weights):
        asked.append((include_top, weights))
        return vgg16

    monkeypatch.setattr(keras.applications, "VGG16", create)
    model = gocor_tf.load_model("basenet", weights="imagenet")
    assert asked == [(False, "imagenet")]
    np.testing.assert_array_equal(
        model.pyramid.convolutions[1].kernel, vgg16.layers[2].kernel
    )


def test_failed_download_says_what_to_pass(network, monkeypatch):
    def fail(**kwargs):
        raise Exception("URL fetch failure on https://x: no route")

    monkeypatch.setattr(keras.applications, "VGG16", fail)
    with pytest.raises(ValueError, match=r"no route\. Fetch vgg16_.*pass its"):
        load_imagenet_weights(network)


def test_missing_file_is_named(network):
    with pytest.raises(ValueError, match="`weights` must be an existing"):
        load_imagenet_weights(network, "missing.h5")


def test_file_of_another_network_is_refused(network, tmp_path):
    path = tmp_path / "other.weights.h5"
    gocor_tf.load_model("default").save_weights(path)
    with pytest.raises(ValueError, match="it belongs to another network"):
        load_imagenet_weights(network, path)


def test_network_without_vgg_is_refused():
    with pytest.raises(ValueError, match="`model` must stand on VGG-16"):
        gocor_tf.load_model("pwcnet", weights="imagenet")
