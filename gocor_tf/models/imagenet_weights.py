"""ImageNet weights for the VGG-16 pyramid of a network to be trained.

The weights are those of `keras.applications.VGG16`, which were trained in
Caffe: other values than the ones the published networks started from
(torchvision's), and made for other inputs. Caffe's are BGR in 0..255 minus a
mean, ours RGB in 0..1 minus a mean, divided by a standard deviation. The
difference is an affine map of each channel, so the first convolution takes it:

    255 * (std * image + mean) - caffe_mean    (image: normalized, one channel)

Convention: zero padding means each side's own mean, and the two means differ
by up to 0.5 of 255 grey levels. So the first convolution answers exactly as in
Caffe everywhere but on the outermost pixels.
"""

import os

import keras
import numpy as np

from gocor_tf.models.vgg_pyramid import VGGPyramid
from gocor_tf.models.weights import load_weights
from gocor_tf.ops import preprocess

FILE_NAME = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
# Of red, green and blue, in 0..255.
CAFFE_MEAN = (123.68, 116.779, 103.939)


def load_imagenet_weights(model, weights="imagenet"):
    """Gives a network's VGG-16 pyramids the weights of ImageNet.

    ```python
    model = gocor_tf.load_model("glunet_gocor", weights="imagenet")
    model = gocor_tf.load_model("glunet_gocor", weights=None)
    gocor_tf.models.load_imagenet_weights(model, "vgg16_notop.h5")
    ```

    Args:
        model: a built network on VGG-16.
        weights: "imagenet" for the file that Keras downloads and keeps, or
            the path of such a file: VGG-16 without its top.

    Raises:
        ValueError: if the network does not stand on VGG-16, if the file does
            not fit, or if it cannot be downloaded.
    """
    pyramids = [
        getattr(model, name)
        for name in ("pyramid", "pyramid_256")
        if isinstance(getattr(model, name, None), VGGPyramid)
    ]
    if not pyramids:
        raise ValueError(
            "`model` must stand on VGG-16 to take the weights of ImageNet. "
            f"Received: model={type(model).__name__}"
        )
    convolutions = [
        layer.get_weights()
        for layer in _vgg16(weights).layers
        if isinstance(layer, keras.layers.Conv2D)
    ]
    convolutions[0] = fold_preprocessing(*convolutions[0])
    for pyramid in pyramids:
        # A pyramid ends before VGG-16 does.
        for layer, arrays in zip(
            pyramid.convolutions, convolutions, strict=False
        ):
            layer.set_weights(arrays)


def fold_preprocessing(kernel, bias):
    """Makes a convolution of Caffe's images one of our normalized images.

    Args:
        kernel: `(height, width, 3, filters)`, of BGR images in 0..255 minus
            `CAFFE_MEAN`.
        bias: `(filters,)`.

    Returns:
        Kernel and bias for RGB images, normalized as by `ops.preprocess`.
    """
    mean = 255 * np.asarray(preprocess.IMAGENET_MEAN)
    scale = 255 * np.asarray(preprocess.IMAGENET_STD)
    kernel = np.asarray(kernel, "float64")[:, :, ::-1]
    offset = np.sum(kernel, axis=(0, 1)).T @ (mean - CAFFE_MEAN)
    return kernel * scale[:, None], bias + offset


def _vgg16(weights):
    """Returns VGG-16 without its top."""
    if weights != "imagenet":
        network = keras.applications.VGG16(include_top=False, weights=None)
        load_weights(network, os.fspath(weights))
        return network
    try:
        return keras.applications.VGG16(include_top=False, weights=weights)
    except Exception as error:
        # Keras raises a plain Exception where a download fails.
        raise ValueError(
            f"`weights` of ImageNet must be downloaded, but: {error}. Fetch "
            f"{FILE_NAME} where there is a network, and pass its path: "
            "gocor_tf.models.load_imagenet_weights(model, path)"
        ) from error
