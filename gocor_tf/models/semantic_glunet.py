"""Semantic-GLU-Net: GLU-Net for different scenes of a kind (7.4).

Truong et al., "GLU-Net: Global-Local Universal Network for Dense Flow and
Correspondences", CVPR 2020, Section 3.4; spec models.md, 7.4. At 256 x 256,
features are joined with those of all coarser levels, which mean more and say
less about where, and neighbourhood consensus filters the global volume. The
levels at the images' own resolution are those of GLU-Net.
"""

import keras
from keras import ops

from gocor_tf.layers import transposed_convolution
from gocor_tf.layers.coarse_flow_level import CoarseFlowLevel
from gocor_tf.layers.flow_level import FlowLevel
from gocor_tf.layers.global_volume import GlobalVolume
from gocor_tf.layers.local_volume import LocalVolume
from gocor_tf.models import backbones, extra_levels, inputs
from gocor_tf.ops import preprocess, resize, stretched_flow
from gocor_tf.ops.warp import warp

SIZE = 256


@keras.saving.register_keras_serializable(package="gocor_tf")
class SemanticGLUNet(keras.Model):
    """Dense flow between images of two things of a kind.

    ```python
    model = gocor_tf.models.SemanticGLUNet(backbone="compact", width=0.5)
    flow = model({"reference": reference, "query": query})["flow"]
    ```

    Args:
        backbone: "vgg16" (published) or "compact" (small, trained from
            scratch).
        width: factor on the decoders' channels.
        iterative_refinement: whether large images get more levels between 3
            and 2, outside of training; the longer side says how many.
        synchronized: whether replicas share batch statistics.

    Call arguments:
        pair: `{"reference", "query"}`, images `(batch, height, width, 3)` in
            0..255, any size; the two sizes may differ.
        num_iterations: as in `GLUNet`; without GOCor it has no effect.

    Returns:
        A dict as of `GLUNet`: `flow`, `flow_level_4` to `flow_level_1` and
        `correlation`.

    Raises:
        ValueError: if the images cannot be a pair (`inputs.check_pair`).

    Convention: as in `GLUNet`, that of `flow_level_3` included. The published
    pyramid pools a row or column that is left over, ours drops it (5.2); none
    is left over at the sizes that the network works at.
    """

    def __init__(
        self,
        backbone="vgg16",
        width=1.0,
        iterative_refinement=True,
        synchronized=True,
        **kwargs,
    ):
        # Images and flows keep their precision under 16-bit policies.
        super().__init__(autocast=False, **kwargs)
        self.backbone = backbone
        self.width = width
        self.iterative_refinement = iterative_refinement
        self.synchronized = synchronized
        self._create_layers()

    def _create_layers(self):
        policy = self.dtype_policy
        learned = {"synchronized": self.synchronized, "dtype": policy}
        self.pyramid = backbones.create(self.backbone, "pyramid", **learned)
        self.global_volume = GlobalVolume(
            "nc_net", name="global_volume", dtype=policy
        )
        self.local_volume = LocalVolume(name="local_volume", dtype=policy)
        self.level_4 = CoarseFlowLevel(
            width=self.width, name="level_4", **learned
        )
        self.level_3, self.level_2, self.level_1 = (
            FlowLevel(
                width=self.width,
                context=level != 2,
                name=f"level_{level}",
                **learned,
            )
            for level in (3, 2, 1)
        )
        self.double_flow_4, self.double_flow_2 = (
            transposed_convolution.double_flow(name, policy)
            for name in ("double_flow_4", "double_flow_2")
        )
        self.double_features_2 = transposed_convolution.double_features(
            "double_features_2", policy
        )

    def build(self, pair_shape=None):
        """Creates all weights; the images' size plays no part."""
        del pair_shape
        images, flow = (None, None, None, 3), (None, None, None, 2)
        self.pyramid.build(images)
        # The volumes' weights do not depend on the number of channels.
        features_4, features_3, _ = self.pyramid.compute_output_shape(images)
        self.global_volume.build(features_4, features_4)
        self.local_volume.build(features_3, features_3)
        volume = self.local_volume.compute_output_shape(features_3, features_3)
        self.level_4.build((None, 16, 16, 16 * 16))
        self.level_3.build(volume, flow)
        self.level_2.build(volume, flow)
        self.level_1.build(volume, flow, [flow])
        self.double_flow_4.build(flow)
        self.double_flow_2.build(flow)
        self.double_features_2.build(
            self.level_2.compute_output_shape(volume, flow)["features"]
        )

    def call(self, pair, training=None, num_iterations=None):
        del num_iterations
        inputs.check_pair(pair)
        images = preprocess.preprocess_glunet(pair["reference"], pair["query"])
        size = ops.shape(images["reference"])[1:3]
        features = backbones.glunet_features(
            self.pyramid, self.pyramid, images, training
        )
        features |= _join_coarser(features[4], features[3])
        volume = self.global_volume(*features[4])
        flow_4 = self.level_4(volume, training=training)[0] * (SIZE / 16)
        flow = self.double_flow_4(flow_4)
        flow_3 = self._correct(3, features[3], flow, 8, training)["flow"]

        flow = flow_3 * ops.cast(ops.stack(size[::-1]), flow_3.dtype) / SIZE
        if self.iterative_refinement and not training:
            flow_3 = flow = extra_levels.refine(
                flow,
                features[2],
                extra_levels.side_length(size, "longer"),
                lambda *state: self._correct(2, *state, training)["flow"],
            )
        flow = resize.bilinear_resize(flow, ops.shape(features[2][0])[1:3])
        level_2 = self._correct(2, features[2], flow, 8, training)
        flow = self.double_flow_2(level_2["flow"])
        extras = [self.double_features_2(level_2["features"])]
        level_1 = self._correct(1, features[1], flow, 4, training, extras)
        return {
            "flow": stretched_flow.unstretch_flow(
                level_1["flow"],
                size,
                ops.shape(pair["reference"])[1:3],
                ops.shape(pair["query"])[1:3],
            ),
            "flow_level_4": flow_4,
            "flow_level_3": flow_3,
            "flow_level_2": level_2["flow"],
            "flow_level_1": level_1["flow"],
            "correlation": volume,
        }

    def _correct(self, level, features, flow, stride, training, extras=()):
        """Corrects a flow at a level, `stride` pixels from cell to cell."""
        reference, query = features
        volume = self.local_volume(
            reference, warp(query, flow / ops.cast(stride, flow.dtype))
        )
        layer = getattr(self, f"level_{level}")
        return layer(volume, flow, extras, training=training)

    def get_config(self):
        return {
            **super().get_config(),
            "backbone": self.backbone,
            "width": self.width,
            "iterative_refinement": self.iterative_refinement,
            "synchronized": self.synchronized,
        }


def _join_coarser(features_4, features_3):
    """Appends the features of all coarser levels, down to 1/32 (7.4).

    Args:
        features_4: of reference and of query at 1/16 of 256 x 256 images.
        features_3: of both at 1/8.

    Returns:
        Dict of the features of both, with more channels: 4 and 3.
    """
    joined = {4: [], 3: []}
    for coarse, fine in zip(features_4, features_3, strict=True):
        coarsest = resize.bilinear_resize(coarse, (SIZE // 32, SIZE // 32))
        for level, finer in ((4, [coarse]), (3, [fine, coarse])):
            size = (SIZE // 2**level, SIZE // 2**level)
            levels = [
                resize.bilinear_resize(x, size) for x in (*finer, coarsest)
            ]
            joined[level].append(ops.concatenate(levels, axis=-1))
    return joined
