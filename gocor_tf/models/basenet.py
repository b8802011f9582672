"""BaseNet: the three-level network of the GOCor paper's ablation (7.1).

A global correspondence volume at 1/16 of a 256 x 256 image gives a coarse
flow; local volumes between the reference and the warped query refine it at
1/8 and 1/4 (GOCor, Section 4.2; spec models.md, 7.1).
"""

import keras
from keras import ops

from gocor_tf.layers import conv_block
from gocor_tf.layers.context_network import ContextNetwork
from gocor_tf.layers.flow_decoder import (
    DenseDecoder,
    PlainDecoder,
    ResidualDecoder,
)
from gocor_tf.layers.global_correlation import GlobalCorrelation
from gocor_tf.layers.global_gocor import GlobalGOCor
from gocor_tf.layers.local_correlation import LocalCorrelation
from gocor_tf.layers.local_gocor import LocalGOCor
from gocor_tf.models.compact_pyramid import CompactPyramid
from gocor_tf.models.vgg_pyramid import VGGPyramid
from gocor_tf.ops import flow as flow_ops
from gocor_tf.ops import (
    normalization,
    preprocess,
    resize,
    stretched_flow,
)
from gocor_tf.ops.warp import warp

SIZE = 256
RADIUS = 4
BACKBONES = {"vgg16": VGGPyramid, "compact": CompactPyramid}
CORRELATIONS = ("feature", "gocor")
DECODERS = ("dense", "residual")


@keras.saving.register_keras_serializable(package="gocor_tf")
class BaseNet(keras.Model):
    """Dense flow from one global and two local correspondence volumes.

    ```python
    model = gocor_tf.models.BaseNet(backbone="compact", decoder="residual")
    flow = model({"reference": reference, "query": query})["flow"]
    ```

    Args:
        backbone: "vgg16" (published) or "compact" (small, trained from
            scratch).
        global_correlation: "feature" (dot products) or "gocor".
        local_correlation: "feature" (dot products) or "gocor".
        decoder: "dense" (published: 6.1 and 6.4) or "residual" (6.2 and 6.6).
        width: factor on the decoders' channels.
        refinement: levels with a context network: 2 (published), 3 or both.
        global_gocor: arguments of `GlobalGOCor`, as a dict.
        local_gocor: arguments of `LocalGOCor`, as a dict; the one layer
            serves both levels.
        synchronized: whether replicas share batch statistics.

    Call arguments:
        pair: `{"reference", "query"}`, images `(batch, height, width, 3)` in
            0..255, any size; the two sizes may differ.
        num_iterations: of both GOCor layers, instead of their own.

    Returns:
        A dict: `flow` `(batch, height, width, 2)` at the reference's size, in
        pixels of the query; `flow_level_4` (16 x 16), `flow_level_3`
        (32 x 32) and `flow_level_2` (64 x 64), in pixels of the 256 x 256
        images; `correlation` `(batch, 16, 16, 256)`, the global volume as the
        decoder sees it.

    Convention: both images are stretched to 256 x 256, the one size at which
    the global decoder's 256 input channels have a meaning.
    """

    def __init__(
        self,
        backbone="vgg16",
        global_correlation="feature",
        local_correlation="feature",
        decoder="dense",
        width=1.0,
        refinement=(2,),
        global_gocor=None,
        local_gocor=None,
        synchronized=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        _check_choice("backbone", backbone, tuple(BACKBONES))
        _check_choice("global_correlation", global_correlation, CORRELATIONS)
        _check_choice("local_correlation", local_correlation, CORRELATIONS)
        _check_choice("decoder", decoder, DECODERS)
        if not set(refinement) <= {2, 3}:
            raise ValueError(
                "`refinement` must hold levels 2 and 3 only. "
                f"Received: refinement={refinement}"
            )
        self.backbone = backbone
        self.global_correlation = global_correlation
        self.local_correlation = local_correlation
        self.decoder = decoder
        self.width = width
        self.refinement = tuple(refinement)
        self.global_gocor = global_gocor
        self.local_gocor = local_gocor
        self.synchronized = synchronized
        self._create_layers()

    def _create_layers(self):
        arguments = {"dtype": self.dtype_policy}
        learned = {"synchronized": self.synchronized, **arguments}
        scaled = {"width": self.width, **learned}
        if self.backbone == "compact":
            self.pyramid = CompactPyramid(name="pyramid", **learned)
        else:
            self.pyramid = VGGPyramid(name="pyramid", **arguments)
        if self.global_correlation == "gocor":
            options = {**(self.global_gocor or {}), **arguments}
            self.global_volume = GlobalGOCor(name="global_gocor", **options)
        else:
            self.global_volume = GlobalCorrelation(**arguments)
        if self.local_correlation == "gocor":
            options = {**(self.local_gocor or {}), **arguments}
            self.local_volume = LocalGOCor(name="local_gocor", **options)
        else:
            self.local_volume = LocalCorrelation(RADIUS, **arguments)
        if self.decoder == "residual":
            mapping_decoder, flow_decoder = ResidualDecoder, ResidualDecoder
        else:
            mapping_decoder, flow_decoder = PlainDecoder, DenseDecoder
        self.decoder_4 = mapping_decoder(name="decoder_4", **scaled)
        self.decoder_3 = flow_decoder(name="decoder_3", **scaled)
        self.decoder_2 = flow_decoder(name="decoder_2", **scaled)
        self.upsample_features = keras.layers.Conv2DTranspose(
            2,
            4,
            strides=2,
            padding="same",
            kernel_initializer=conv_block.he_normal(),
            name="upsample_features",
            **arguments,
        )
        for level in self.refinement:
            name = f"context_{level}"
            setattr(self, name, ContextNetwork(name=name, **scaled))

    def build(self, pair_shape=None):
        """Creates all weights; the images' size plays no part."""
        del pair_shape
        self.pyramid.build((None, SIZE, SIZE, 3))
        shapes = self.pyramid.compute_output_shape((None, SIZE, SIZE, 3))
        if self.global_correlation == "gocor":
            self.global_volume.build(shapes[0], shapes[0])
        if self.local_correlation == "gocor":
            self.local_volume.build(shapes[1], shapes[1])
        self.decoder_4.build((None, 16, 16, 16 * 16 + 2))
        window = (2 * RADIUS + 1) ** 2
        self._build_level(3, (None, 32, 32, window + 2))
        shape, _ = self.decoder_3.compute_output_shape(
            (None, 32, 32, window + 2)
        )
        self.upsample_features.build(shape)
        self._build_level(2, (None, 64, 64, window + 4))

    def _build_level(self, level, shape):
        decoder = getattr(self, f"decoder_{level}")
        decoder.build(shape)
        if level in self.refinement:
            features_shape, _ = decoder.compute_output_shape(shape)
            getattr(self, f"context_{level}").build(features_shape)

    def call(self, pair, training=None, num_iterations=None):
        images = preprocess.preprocess_basenet(pair["reference"], pair["query"])
        features = self._features(images, training)
        volume = self._global_volume(*features[0], num_iterations)
        flow_4 = self._coarse_flow(volume, training)
        flow_3, features_3 = self._refined_flow(
            3, *features[1], flow_4, None, num_iterations, training
        )
        flow_2, _ = self._refined_flow(
            2, *features[2], flow_3, features_3, num_iterations, training
        )
        return {
            "flow": stretched_flow.unstretch_flow(
                flow_2,
                (SIZE, SIZE),
                ops.shape(pair["reference"])[1:3],
                ops.shape(pair["query"])[1:3],
            ),
            "flow_level_4": flow_4,
            "flow_level_3": flow_3,
            "flow_level_2": flow_2,
            "correlation": volume,
        }

    def _features(self, images, training):
        """Returns (reference, query) features of each level, 1/16 first."""
        images = ops.concatenate([images["reference"], images["query"]], axis=0)
        if self.backbone == "compact":
            levels = self.pyramid(images, training=training)
        else:
            levels = self.pyramid(images)
        return [ops.split(level, 2, axis=0) for level in levels]

    def _global_volume(self, reference_features, query_features, iterations):
        """Returns the volume of 2.2, activated as 2.6 says."""
        reference_features = normalization.feature_l2_norm(reference_features)
        query_features = normalization.feature_l2_norm(query_features)
        if self.global_correlation == "gocor":
            volume = self.global_volume(
                reference_features, query_features, num_iterations=iterations
            )
            return ops.leaky_relu(volume, conv_block.LEAKY_RELU_SLOPE)
        volume = self.global_volume(reference_features, query_features)
        return normalization.relu_l2_norm(volume)

    def _local_volume(self, reference_features, query_features, iterations):
        if self.local_correlation == "gocor":
            volume = self.local_volume(
                reference_features, query_features, num_iterations=iterations
            )
        else:
            volume = self.local_volume(reference_features, query_features)
        return ops.leaky_relu(volume, conv_block.LEAKY_RELU_SLOPE)

    def _coarse_flow(self, volume, training):
        """Decodes the mapping of level 4 (6.1, 6.3), in pixels of 256."""
        inputs = ops.concatenate(
            [volume, ops.zeros_like(volume[..., :2])], axis=-1
        )
        _, mapping = self.decoder_4(inputs, training=training)
        flow = flow_ops.normalized_mapping_to_flow(mapping)
        return flow * (SIZE / 16)

    def _refined_flow(
        self,
        level,
        reference_features,
        query_features,
        coarser_flow,
        coarser_features,
        num_iterations,
        training,
    ):
        """Returns the flow of one finer level and its decoder's features."""
        size = SIZE // 2**level
        upsampled_flow = resize.bilinear_resize(coarser_flow, (size, size))
        warped = warp(query_features, upsampled_flow / 2**level)
        volume = self._local_volume(reference_features, warped, num_iterations)
        inputs = [volume, ops.cast(upsampled_flow, volume.dtype)]
        if coarser_features is not None:
            inputs.append(self.upsample_features(coarser_features))
        features, residual = getattr(self, f"decoder_{level}")(
            ops.concatenate(inputs, axis=-1), training=training
        )
        if level in self.refinement:
            context = getattr(self, f"context_{level}")
            residual = residual + context(features, training=training)[1]
        return residual + upsampled_flow, features

    def get_config(self):
        return {
            **super().get_config(),
            "backbone": self.backbone,
            "global_correlation": self.global_correlation,
            "local_correlation": self.local_correlation,
            "decoder": self.decoder,
            "width": self.width,
            "refinement": self.refinement,
            "global_gocor": self.global_gocor,
            "local_gocor": self.local_gocor,
            "synchronized": self.synchronized,
        }


def _check_choice(name, value, choices):
    if value not in choices:
        raise ValueError(
            f"`{name}` must be one of {choices}. Received: {name}={value!r}"
        )
