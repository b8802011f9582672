"""PWC-Net: local volumes at all levels of a pyramid (spec models.md, 7.5).

From 1/64 to 1/4 of the image, each level correlates the reference's features
with the query's, warped by the flow of the level before, and predicts its
flow anew. PWC-Net-GOCor replaces the local correlations by local GOCor (GOCor,
Section 4.3).
"""

import keras
from keras import ops

from gocor_tf.layers import conv_block, gocor_options, transposed_convolution
from gocor_tf.layers.context_network import ContextNetwork
from gocor_tf.layers.flow_decoder import DenseDecoder
from gocor_tf.layers.local_volume import LocalVolume
from gocor_tf.models import backbones, inputs
from gocor_tf.models.pwc_pyramid import PWCPyramid
from gocor_tf.ops import preprocess, stretched_flow
from gocor_tf.ops.warp import masked_warp

LEVELS = (6, 5, 4, 3, 2)

# Decoders predict flows in units of this many pixels.
FLOW_UNIT = 20.0


@keras.saving.register_keras_serializable(package="gocor_tf")
class PWCNet(keras.Model):
    """Dense flow from five local correspondence volumes, coarse to fine.

    ```python
    model = gocor_tf.models.PWCNet(local_correlation="gocor")
    flow = model({"reference": reference, "query": query})["flow"]
    ```

    Args:
        local_correlation: "feature" (dot products) or "gocor".
        local_gocor: arguments of `LocalGOCor`, as a dict; each level has a
            layer of its own.
        width: factor on the channels of the decoders and of the context
            network.

    Call arguments:
        pair: `{"reference", "query"}`, images `(batch, height, width, 3)` in
            0..255, any size; the two sizes may differ.
        num_iterations: of local GOCor, or `{"local": number}`, instead of its
            own.

    Returns:
        A dict: `flow` `(batch, height, width, 2)` at the reference's size, in
        pixels of the query; `flow_level_6` (1/64) to `flow_level_2` (1/4), in
        pixels of the pre-processed images.

    Raises:
        ValueError: if the images cannot be a pair (`inputs.check_pair`).

    Convention: both images are stretched to `preprocess.pwcnet_size` of the
    reference: each side rounded up to a multiple of 64. Features warped from
    partly outside the query are zero (`warp.masked_warp`), and every level
    predicts the whole flow, not a correction.
    """

    def __init__(
        self,
        local_correlation="feature",
        local_gocor=None,
        width=1.0,
        **kwargs,
    ):
        # Images and flows keep their precision under 16-bit policies.
        super().__init__(autocast=False, **kwargs)
        self.local_correlation = local_correlation
        self.local_gocor = local_gocor
        self.width = width
        self._create_layers()

    def _create_layers(self):
        policy = {"dtype": self.dtype_policy}
        learned = {"width": self.width, "batch_norm": False, **policy}
        self.pyramid = PWCPyramid(name="pyramid", **policy)
        for level in LEVELS:
            volume = LocalVolume(
                self.local_correlation,
                self.local_gocor,
                name=f"local_volume_{level}",
                **policy,
            )
            decoder = DenseDecoder(name=f"decoder_{level}", **learned)
            setattr(self, f"local_volume_{level}", volume)
            setattr(self, f"decoder_{level}", decoder)
        for level in LEVELS[:-1]:
            flow = transposed_convolution.double_flow(
                f"double_flow_{level}",
                self.dtype_policy,
                conv_block.he_normal(),
            )
            features = transposed_convolution.double_features(
                f"double_features_{level}", self.dtype_policy
            )
            setattr(self, f"double_flow_{level}", flow)
            setattr(self, f"double_features_{level}", features)
        self.context_2 = ContextNetwork(name="context_2", **learned)

    def build(self, pair_shape=None):
        """Creates all weights; the images' size plays no part."""
        del pair_shape
        images = (None, None, None, 3)
        self.pyramid.build(images)
        shapes = self.pyramid.compute_output_shape(images)
        for level, shape in zip(LEVELS, shapes, strict=True):
            volume, decoder, double_flow, double_features = self._level_layers(
                level
            )
            volume.build(shape, shape)
            channels = volume.compute_output_shape(shape, shape)[-1]
            if level < LEVELS[0]:
                # Features of the reference, upsampled flow and features.
                channels += shape[-1] + 2 + 2
            decoder.build((*shape[:-1], channels))
            channels = decoder.output_channels(channels)
            if level > LEVELS[-1]:
                double_flow.build((*shape[:-1], 2))
                double_features.build((*shape[:-1], channels))
        self.context_2.build((*shape[:-1], channels))

    def _level_layers(self, level):
        """Returns a level's volume, decoder and two upsampling layers."""
        return tuple(
            getattr(self, f"{name}_{level}", None)
            for name in (
                "local_volume",
                "decoder",
                "double_flow",
                "double_features",
            )
        )

    def call(self, pair, training=None, num_iterations=None):
        inputs.check_pair(pair)
        num_local = gocor_options.split_iterations(num_iterations)[1]
        images = preprocess.preprocess_pwcnet(pair["reference"], pair["query"])
        flows = self._flows(images, num_local, training)
        return {
            "flow": stretched_flow.unstretch_flow(
                flows[LEVELS[-1]],
                ops.shape(images["reference"])[1:3],
                ops.shape(pair["reference"])[1:3],
                ops.shape(pair["query"])[1:3],
            ),
            **{f"flow_level_{level}": flow for level, flow in flows.items()},
        }

    def _flows(self, images, num_iterations, training):
        """Returns level -> flow, in pixels of the pre-processed images."""
        features = backbones.pair_features(
            self.pyramid, images["reference"], images["query"], training
        )
        flows, upsampled = {}, None
        for level, (reference, query) in zip(LEVELS, features, strict=True):
            volume, decoder, double_flow, double_features = self._level_layers(
                level
            )
            extras = []
            if upsampled is not None:
                extras = [reference, *upsampled]
                flow = upsampled[0] * (FLOW_UNIT / 2**level)
                query = masked_warp(query, flow)
            scores = volume(reference, query, num_iterations=num_iterations)
            x, flow = decoder(self._join(scores, *extras), training=training)
            if level > LEVELS[-1]:
                upsampled = double_flow(flow), double_features(x)
            else:
                flow = flow + self.context_2(x, training=training)[1]
            flows[level] = flow * FLOW_UNIT
        return flows

    def _join(self, *tensors):
        return ops.concatenate(
            [ops.cast(tensor, self.compute_dtype) for tensor in tensors],
            axis=-1,
        )

    def get_config(self):
        return {
            **super().get_config(),
            "local_correlation": self.local_correlation,
            "local_gocor": self.local_gocor,
            "width": self.width,
        }
