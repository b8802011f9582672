"""BaseNet: the three-level network of the GOCor paper's ablation (7.1).

A global correspondence volume at 1/16 of a 256 x 256 image gives a coarse
flow; local volumes between the reference and the warped query refine it at
1/8 and 1/4 (GOCor, Section 4.2; spec models.md, 7.1).
"""

import keras
from keras import ops

from gocor_tf.layers import gocor_options, transposed_convolution
from gocor_tf.layers.coarse_flow_level import CoarseFlowLevel
from gocor_tf.layers.flow_level import FlowLevel
from gocor_tf.layers.global_volume import GlobalVolume
from gocor_tf.layers.local_volume import LocalVolume
from gocor_tf.models import backbones, inputs
from gocor_tf.ops import preprocess, resize, stretched_flow
from gocor_tf.ops.warp import warp

SIZE = 256


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
        global_correlation: "feature" (dot products), "nc_net" (dot products
            filtered by neighbourhood consensus) or "gocor".
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
        num_iterations: of both GOCor layers, or `{"global": number, "local":
            number}`, instead of their own.

    Returns:
        A dict: `flow` `(batch, height, width, 2)` at the reference's size, in
        pixels of the query; `flow_level_4` (16 x 16), `flow_level_3`
        (32 x 32) and `flow_level_2` (64 x 64), in pixels of the 256 x 256
        images; `correlation` `(batch, 16, 16, 256)`, the global volume as the
        decoder sees it.

    Raises:
        ValueError: if the images cannot be a pair (`inputs.check_pair`).

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
        # Images and flows keep their precision under 16-bit policies.
        super().__init__(autocast=False, **kwargs)
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
        policy = {"dtype": self.dtype_policy}
        learned = {"synchronized": self.synchronized, **policy}
        self.pyramid = backbones.create(self.backbone, "pyramid", **learned)
        self.global_volume = GlobalVolume(
            self.global_correlation,
            self.global_gocor,
            name="global_volume",
            **policy,
        )
        self.local_volume = LocalVolume(
            self.local_correlation,
            self.local_gocor,
            name="local_volume",
            **policy,
        )
        options = {"decoder": self.decoder, "width": self.width, **learned}
        self.level_4 = CoarseFlowLevel(name="level_4", **options)
        self.level_3, self.level_2 = (
            FlowLevel(
                context=level in self.refinement,
                name=f"level_{level}",
                **options,
            )
            for level in (3, 2)
        )
        self.double_features_3 = transposed_convolution.double_features(
            "double_features_3", self.dtype_policy
        )

    def build(self, pair_shape=None):
        """Creates all weights; the images' size plays no part."""
        del pair_shape
        self.pyramid.build((None, SIZE, SIZE, 3))
        shapes = self.pyramid.compute_output_shape((None, SIZE, SIZE, 3))
        self.global_volume.build(shapes[0], shapes[0])
        self.local_volume.build(shapes[1], shapes[1])
        self.level_4.build((None, 16, 16, 16 * 16))
        volume = self.local_volume.compute_output_shape(shapes[1], shapes[1])
        flow = (None, 32, 32, 2)
        self.level_3.build(volume, flow)
        features = self.level_3.compute_output_shape(volume, flow)["features"]
        self.double_features_3.build(features)
        flow = (None, 64, 64, 2)
        self.level_2.build((*flow[:3], volume[-1]), flow, [flow])

    def call(self, pair, training=None, num_iterations=None):
        inputs.check_pair(pair)
        num_global, num_local = gocor_options.split_iterations(num_iterations)
        images = preprocess.preprocess_basenet(pair["reference"], pair["query"])
        features = backbones.pair_features(
            self.pyramid, images["reference"], images["query"], training
        )
        volume = self.global_volume(*features[0], num_iterations=num_global)
        flow_4, _ = self.level_4(volume, training=training)
        flow_4 = flow_4 * (SIZE / 16)
        flow, volume_3 = self._upsample(3, features[1], flow_4, num_local)
        level_3 = self.level_3(volume_3, flow, training=training)
        flow, volume_2 = self._upsample(
            2, features[2], level_3["flow"], num_local
        )
        extras = [self.double_features_3(level_3["features"])]
        level_2 = self.level_2(volume_2, flow, extras, training=training)
        return {
            "flow": stretched_flow.unstretch_flow(
                level_2["flow"],
                (SIZE, SIZE),
                ops.shape(pair["reference"])[1:3],
                ops.shape(pair["query"])[1:3],
            ),
            "flow_level_4": flow_4,
            "flow_level_3": level_3["flow"],
            "flow_level_2": level_2["flow"],
            "correlation": volume,
        }

    def _upsample(self, level, features, flow, num_iterations):
        """Returns a level's first flow, and the local volume around it."""
        reference, query = features
        size = SIZE // 2**level
        flow = resize.bilinear_resize(flow, (size, size))
        volume = self.local_volume(
            reference,
            warp(query, flow / 2**level),
            num_iterations=num_iterations,
        )
        return flow, volume

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
