"""GLU-Net, GLU-Net-GOCor and GLU-Net-GOCor* (spec models.md, 7.2).

Truong et al., "GLU-Net: Global-Local Universal Network for Dense Flow and
Correspondences", CVPR 2020; "GOCor: Bringing Globally Optimized Correspondence
Volumes into Your Neural Network", NeurIPS 2020. At 256 x 256, a global volume
finds a coarse flow of any length (level 4) and a local one refines it (3); at
the images' own resolution, local volumes refine it further (2 and 1).
"""

import keras
from keras import ops

from gocor_tf.layers import conv_block, gocor_options, transposed_convolution
from gocor_tf.layers.coarse_flow_level import CoarseFlowLevel
from gocor_tf.layers.flow_level import FlowLevel
from gocor_tf.layers.global_volume import GlobalVolume
from gocor_tf.layers.local_volume import LocalVolume
from gocor_tf.models import backbones, extra_levels, inputs
from gocor_tf.ops import preprocess, resize, stretched_flow
from gocor_tf.ops.warp import warp

SIZE = 256
UPSAMPLINGS = ("deconvolution", "bilinear")


@keras.saving.register_keras_serializable(package="gocor_tf")
class GLUNet(keras.Model):
    """Dense flow from one global and three local correspondence volumes.

    ```python
    model = gocor_tf.models.GLUNet(backbone="compact", decoder="residual")
    flow = model({"reference": reference, "query": query})["flow"]
    ```

    Args:
        backbone: "vgg16" (published) or "compact" (trained from scratch).
        global_correlation: "feature" (dot products), "nc_net" (dot products
            filtered by neighbourhood consensus) or "gocor".
        local_correlation: "feature" (dot products) or "gocor".
        decoder: "dense" (6.1, 6.4) or "residual" (GLU-Net-GOCor*: 6.2, 6.6).
        width: factor on the decoders' channels.
        refinement: levels with a context network: 3, 1 or both (published).
        mutual_matching: whether scores of the global volume are damped that
            are no one's best (GLU-Net).
        two_pyramids: whether the 256 x 256 images have a feature pyramid of
            their own (GLU-Net-GOCor*).
        context_sees_flow: whether the context networks are given the flow,
            after the features (GLU-Net-GOCor*).
        upsampling: of the flow between levels 4 and 3, and 2 and 1:
            "deconvolution" (published, learned) or "bilinear".
        iterative_refinement: whether large images get more levels between 3
            and 2, outside of training.
        refined_side: whose length says how many: "width" (published) or
            "longer" (meant, and so in Semantic-GLU-Net).
        global_gocor: arguments of `GlobalGOCor`, as a dict.
        local_gocor: arguments of `LocalGOCor`, as a dict, for all levels.
        synchronized: whether replicas share batch statistics.

    Call arguments:
        pair: `{"reference", "query"}`, images `(batch, height, width, 3)` in
            0..255, any size; the two sizes may differ.
        num_iterations: of both GOCor layers, or `{"global": number, "local":
            number}`, instead of their own.

    Returns:
        A dict: `flow` `(batch, height, width, 2)` at the reference's size, in
        pixels of the query; `flow_level_4` (16 x 16), in pixels of the 256 x
        256 images; `flow_level_3`; `flow_level_2` (1/8) and `flow_level_1`
        (1/4), in pixels of the pre-processed images; `correlation` `(batch,
        16, 16, 256)`, the global volume as the decoder sees it.

    Raises:
        ValueError: if the images cannot be a pair (`inputs.check_pair`).

    Convention: both images are stretched to `preprocess.glunet_size` of the
    reference, and to 256 x 256 for levels 4 and 3; `flow` undoes both. As
    published (7.3), `flow_level_3` is the flow handed to level 2: with
    iterative refinement and outside of training, it is in pixels of the
    pre-processed images, and on the grid of the last of the extra levels
    where there are any; else in pixels of the 256 x 256 images (32 x 32).
    """

    def __init__(
        self,
        backbone="vgg16",
        global_correlation="feature",
        local_correlation="feature",
        decoder="dense",
        width=1.0,
        refinement=(3, 1),
        mutual_matching=False,
        two_pyramids=False,
        context_sees_flow=False,
        upsampling="deconvolution",
        iterative_refinement=True,
        refined_side="width",
        global_gocor=None,
        local_gocor=None,
        synchronized=True,
        **kwargs,
    ):
        # Images and flows keep their precision under 16-bit policies.
        super().__init__(autocast=False, **kwargs)
        self.backbone = backbone
        self.global_correlation = global_correlation
        self.local_correlation = local_correlation
        self.decoder = decoder
        self.width = width
        self.refinement = tuple(refinement)
        self.mutual_matching = mutual_matching
        self.two_pyramids = two_pyramids
        self.context_sees_flow = context_sees_flow
        self.upsampling = upsampling
        self.iterative_refinement = iterative_refinement
        self.refined_side = refined_side
        self.global_gocor = global_gocor
        self.local_gocor = local_gocor
        self.synchronized = synchronized
        self._check_choices()
        self._create_features_and_volumes()
        self._create_levels()

    def _check_choices(self):
        conv_block.check_choice("upsampling", self.upsampling, UPSAMPLINGS)
        conv_block.check_choice(
            "refined_side", self.refined_side, extra_levels.SIDES
        )
        if not set(self.refinement) <= {3, 1}:
            raise ValueError(
                "`refinement` must hold levels 3 and 1 only. "
                f"Received: refinement={self.refinement}"
            )

    def _create_features_and_volumes(self):
        policy = {"dtype": self.dtype_policy}
        learned = {"synchronized": self.synchronized, **policy}
        self.pyramid = backbones.create(
            self.backbone,
            "pyramid",
            levels=(3, 2) if self.two_pyramids else (4, 3, 2),
            **learned,
        )
        if self.two_pyramids:
            self.pyramid_256 = backbones.create(
                self.backbone, "pyramid_256", levels=(4, 3), **learned
            )
        self.global_volume = GlobalVolume(
            self.global_correlation,
            self.global_gocor,
            self.mutual_matching,
            name="global_volume",
            **policy,
        )
        self.local_volume = LocalVolume(
            self.local_correlation,
            self.local_gocor,
            name="local_volume",
            **policy,
        )

    def _create_levels(self):
        options = {
            "decoder": self.decoder,
            "width": self.width,
            "synchronized": self.synchronized,
            "dtype": self.dtype_policy,
        }
        self.level_4 = CoarseFlowLevel(name="level_4", **options)
        self.level_3, self.level_2, self.level_1 = (
            FlowLevel(
                context=level in self.refinement,
                context_sees_flow=self.context_sees_flow,
                name=f"level_{level}",
                **options,
            )
            for level in (3, 2, 1)
        )
        if self.upsampling == "deconvolution":
            self.double_flow_4, self.double_flow_2 = (
                transposed_convolution.double_flow(name, self.dtype_policy)
                for name in ("double_flow_4", "double_flow_2")
            )
        self.double_features_2 = transposed_convolution.double_features(
            "double_features_2", self.dtype_policy
        )

    def build(self, pair_shape=None):
        """Creates all weights; the images' size plays no part."""
        del pair_shape
        images, flow = (None, None, None, 3), (None, None, None, 2)
        self.pyramid.build(images)
        if self.two_pyramids:
            self.pyramid_256.build(images)
        features_4, features_3 = self._coarse_pyramid().compute_output_shape(
            images, (4, 3)
        )
        self.global_volume.build(features_4, features_4)
        self.local_volume.build(features_3, features_3)
        self.level_4.build((None, 16, 16, 16 * 16))
        volume = self.local_volume.compute_output_shape(features_3, features_3)
        self.level_3.build(volume, flow)
        self.level_2.build(volume, flow)
        self.level_1.build(volume, flow, [flow])
        if self.upsampling == "deconvolution":
            self.double_flow_4.build(flow)
            self.double_flow_2.build(flow)
        self.double_features_2.build(
            self.level_2.compute_output_shape(volume, flow)["features"]
        )

    def call(self, pair, training=None, num_iterations=None):
        inputs.check_pair(pair)
        num_global, num_local = gocor_options.split_iterations(num_iterations)
        options = {"num_iterations": num_local, "training": training}
        images = preprocess.preprocess_glunet(pair["reference"], pair["query"])
        size = ops.shape(images["reference"])[1:3]
        features = backbones.glunet_features(
            self._coarse_pyramid(), self.pyramid, images, training
        )
        volume = self.global_volume(*features[4], num_iterations=num_global)
        flow_4 = self.level_4(volume, training=training)[0] * (SIZE / 16)
        flow = self._double_flow(4, flow_4)
        flow_3 = self._correct(3, features[3], flow, 8, **options)["flow"]

        flow = flow_3 * ops.cast(ops.stack(size[::-1]), flow_3.dtype) / SIZE
        if self.iterative_refinement and not training:
            flow_3 = flow = extra_levels.refine(
                flow,
                features[2],
                extra_levels.side_length(size, self.refined_side),
                lambda *state: self._correct(2, *state, **options)["flow"],
            )
        flow = resize.bilinear_resize(flow, ops.shape(features[2][0])[1:3])
        level_2 = self._correct(2, features[2], flow, 8, **options)
        flow = self._double_flow(2, level_2["flow"])
        extras = [self.double_features_2(level_2["features"])]
        level_1 = self._correct(1, features[1], flow, 4, extras, **options)
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

    def _coarse_pyramid(self):
        return self.pyramid_256 if self.two_pyramids else self.pyramid

    def _double_flow(self, level, flow):
        """Doubles the grid of a flow, not its values."""
        if self.upsampling == "deconvolution":
            return getattr(self, f"double_flow_{level}")(flow)
        height, width = ops.shape(flow)[1:3]
        return resize.bilinear_resize(flow, (2 * height, 2 * width))

    def _correct(
        self,
        level,
        features,
        flow,
        stride,
        extras=(),
        num_iterations=None,
        training=None,
    ):
        """Corrects a flow at a level, `stride` pixels from cell to cell."""
        reference, query = features
        volume = self.local_volume(
            reference,
            warp(query, flow / ops.cast(stride, flow.dtype)),
            num_iterations=num_iterations,
        )
        layer = getattr(self, f"level_{level}")
        return layer(volume, flow, extras, training=training)

    def get_config(self):
        return {
            **super().get_config(),
            "backbone": self.backbone,
            "global_correlation": self.global_correlation,
            "local_correlation": self.local_correlation,
            "decoder": self.decoder,
            "width": self.width,
            "refinement": self.refinement,
            "mutual_matching": self.mutual_matching,
            "two_pyramids": self.two_pyramids,
            "context_sees_flow": self.context_sees_flow,
            "upsampling": self.upsampling,
            "iterative_refinement": self.iterative_refinement,
            "refined_side": self.refined_side,
            "global_gocor": self.global_gocor,
            "local_gocor": self.local_gocor,
            "synchronized": self.synchronized,
        }
