"""PDC-Net and PDC-Net+: flow, and how far it can be trusted.

Truong et al., "Learning Accurate Dense Correspondences and When to Trust
Them" (PDC-Net; CVPR 2021) and "PDC-Net+" (TPAMI 2023); spec models.md, 7.6.
The levels are those of GLU-Net-GOCor*. Each one also predicts a mixture of two
Laplace distributions around its flow.
"""

import keras
from keras import ops

from gocor_tf.layers import conv_block, gocor_options, transposed_convolution
from gocor_tf.layers.coarse_flow_level import CoarseFlowLevel
from gocor_tf.layers.flow_level import FlowLevel
from gocor_tf.layers.global_volume import GlobalVolume
from gocor_tf.layers.local_volume import LocalVolume
from gocor_tf.layers.mixture_level import NUM_PARAMETERS, MixtureLevel
from gocor_tf.models import backbones, inputs
from gocor_tf.ops import mixture, preprocess, resize, stretched_flow
from gocor_tf.ops.warp import warp

SIZE = 256
# Level -> pixels from one of its cells to the next: 256 x 256 images at levels
# 4 and 3, pre-processed images at 2 and 1.
STRIDES = {4: 16, 3: 8, 2: 8, 1: 4}
# Squared sizes of the images that levels were trained with, in px squared.
MAX_VARIANCES = {4: 256.0**2, 3: 256.0**2, 2: 520.0**2, 1: 520.0**2}


@keras.saving.register_keras_serializable(package="gocor_tf")
class PDCNet(keras.Model):
    """Dense flow with the probability that it is right.

    ```python
    model = gocor_tf.models.PDCNet(backbone="compact", width=0.5)
    confidence = model({"reference": reference, "query": query})["confidence"]
    ```

    Args:
        backbone: "vgg16" (published) or "compact" (small).
        global_correlation: "feature" (dot products), "nc_net" (dot products
            filtered by neighbourhood consensus) or "gocor" (published).
        local_correlation: "feature" (dot products) or "gocor" (published).
        width: factor on the channels of all decoders.
        two_pyramids: whether 256 x 256 images have one of their own (PDC-Net+).
        upsampling: of flows between levels 4 and 3, and 2 and 1:
            "deconvolution" (published, learned) or "bilinear".
        global_gocor: arguments of `GlobalGOCor`, as a dict.
        local_gocor: arguments of `LocalGOCor`, as a dict; the one layer
            serves all levels.
        radius: of the confidence, in pixels of the pre-processed images.
        synchronized: whether replicas share batch statistics.

    Call arguments:
        pair: `{"reference", "query"}`, images `(batch, height, width, 3)` in
            0..255, any size; the two sizes may differ.
        num_iterations: of both GOCor layers, or `{"global": number, "local":
            number}`, instead of their own.

    Returns:
        A dict. At the reference's size: `flow` `(batch, height, width, 2)`,
        in pixels of the query; `confidence` `(batch, height, width)`, the
        probability that x and y err by less than `radius` each, at most 0.573
        for a radius of 1; `log_variance` and `mixture_logits` `(batch,
        height, width, 2)`, interpolated from level 1: one channel a mode,
        variances in square pixels of the pre-processed images. Of the levels,
        1/16 to 1/4: `flow_level_4` and `flow_level_3` in pixels of the 256 x
        256 images, `flow_level_2` and `flow_level_1` in those of the
        pre-processed images, each with `log_variance_level_N` and
        `mixture_logits_level_N`, of square pixels likewise. `correlation`
        `(batch, 16, 16, 256)`, the global volume as the decoder sees it.

    Raises:
        ValueError: if the images cannot be a pair (`inputs.check_pair`).

    Convention: both images are stretched to `preprocess.glunet_size` of the
    reference, and to 256 x 256 for levels 4 and 3. Variances keep their unit
    from level 3 to 2, where flows are rescaled.
    """

    def __init__(
        self,
        backbone="vgg16",
        global_correlation="gocor",
        local_correlation="gocor",
        width=1.0,
        two_pyramids=False,
        upsampling="deconvolution",
        global_gocor=None,
        local_gocor=None,
        radius=1.0,
        synchronized=True,
        **kwargs,
    ):
        # Images and flows keep their precision under 16-bit policies.
        super().__init__(autocast=False, **kwargs)
        choices = ("deconvolution", "bilinear")
        conv_block.check_choice("upsampling", upsampling, choices)
        if radius <= 0:
            raise ValueError(f"`radius` must be > 0. Received: radius={radius}")
        self.backbone = backbone
        self.global_correlation = global_correlation
        self.local_correlation = local_correlation
        self.width = width
        self.two_pyramids = two_pyramids
        self.upsampling = upsampling
        self.global_gocor = global_gocor
        self.local_gocor = local_gocor
        self.radius = radius
        self.synchronized = synchronized
        self._create_pyramids_and_volumes()
        self._create_levels()

    def _create_pyramids_and_volumes(self):
        policy = {"dtype": self.dtype_policy}
        learned = {"synchronized": self.synchronized, **policy}
        levels = (4, 3, 2)
        if self.two_pyramids:
            self.pyramid_256 = backbones.create(
                self.backbone, "pyramid_256", levels=(4, 3), **learned
            )
            levels = (3, 2)
        self.pyramid = backbones.create(
            self.backbone, "pyramid", levels=levels, **learned
        )
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

    def _create_levels(self):
        options = {
            "width": self.width,
            "synchronized": self.synchronized,
            "dtype": self.dtype_policy,
        }
        self.level_4 = CoarseFlowLevel("residual", name="level_4", **options)
        self.level_3, self.level_2, self.level_1 = (
            FlowLevel(
                "residual",
                context=level != 2,
                context_sees_flow=True,
                name=f"level_{level}",
                **options,
            )
            for level in (3, 2, 1)
        )
        for level, max_variance in MAX_VARIANCES.items():
            mixture_level = MixtureLevel(
                "global" if level == 4 else "local",
                max_variance,
                name=f"mixture_{level}",
                **options,
            )
            setattr(self, f"mixture_{level}", mixture_level)
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
        images, grid = (None, None, None, 3), (None, None, None)
        self.pyramid.build(images)
        coarse_pyramid = self.pyramid
        if self.two_pyramids:
            coarse_pyramid = self.pyramid_256
            coarse_pyramid.build(images)
        features = coarse_pyramid.compute_output_shape(images, (4, 3))
        self.global_volume.build(features[0], features[0])
        self.local_volume.build(features[1], features[1])
        flow, parameters = (*grid, 2), (*grid, NUM_PARAMETERS)
        scores = (*grid, 16 * 16)
        self.level_4.build(scores)
        flow_features = self.level_4.compute_output_shape(scores)[1]
        self.mixture_4.build(features[0], features[0], flow_features)
        scores = (*grid, 9 * 9)
        for level in (3, 2, 1):
            extras = [flow, parameters] if level == 1 else [parameters]
            layer = getattr(self, f"level_{level}")
            layer.build(scores, flow, extras)
            outputs = layer.compute_output_shape(scores, flow, extras)
            flow_features = outputs["features"]
            getattr(self, f"mixture_{level}").build(
                features[1], features[1], flow_features, parameters, flow
            )
        if self.upsampling == "deconvolution":
            self.double_flow_4.build(flow)
            self.double_flow_2.build(flow)
        self.double_features_2.build(flow_features)

    def call(self, pair, training=None, num_iterations=None):
        inputs.check_pair(pair)
        images = preprocess.preprocess_glunet(pair["reference"], pair["query"])
        num_global, num_local = gocor_options.split_iterations(num_iterations)
        size = ops.shape(images["reference"])[1:3]
        coarse_pyramid = self.pyramid_256 if self.two_pyramids else self.pyramid
        features = backbones.glunet_features(
            coarse_pyramid, self.pyramid, images, training
        )
        volume = self.global_volume(*features[4], num_iterations=num_global)
        flow, x = self.level_4(volume, training=training)
        parameters = self.mixture_4(*features[4], x, training=training)
        estimates = {4: {"flow": flow * STRIDES[4], "parameters": parameters}}
        for level in (3, 2, 1):
            coarser = estimates[level + 1]
            flow = self._upsample_flow(level, coarser["flow"], size)
            estimates[level] = self._estimate(
                level, features[level], flow, coarser, training, num_local
            )
        outputs = {"correlation": volume}
        for level, estimate in estimates.items():
            outputs[f"flow_level_{level}"] = estimate["flow"]
            outputs |= _split(estimate["parameters"], f"_level_{level}")
        return {**self._answer(estimates[1], size, pair), **outputs}

    def _estimate(self, level, features, flow, coarser, training, num_local):
        """Returns a level's flow, mixture and features of the flow."""
        reference, query = features
        grid = ops.shape(flow)[1:3]
        parameters = resize.bilinear_resize(coarser["parameters"], grid)
        extras = [parameters]
        if level == 1:
            extras = [self.double_features_2(coarser["features"]), parameters]
        pair = reference, warp(query, flow / STRIDES[level])
        volume = self.local_volume(*pair, num_iterations=num_local)
        outputs = getattr(self, f"level_{level}")(
            volume, flow, extras, training=training
        )
        flow_features = outputs["features"]
        if "context_features" in outputs:
            flow_features = flow_features + outputs["context_features"]
        outputs["parameters"] = getattr(self, f"mixture_{level}")(
            *pair, flow_features, parameters, flow, training=training
        )
        return outputs

    def _upsample_flow(self, level, flow, size):
        """Brings the flow of the coarser level to a level's grid and pixels."""
        if level == 2:
            grid = [length // STRIDES[2] for length in size]
            scale = ops.cast(ops.stack([size[1], size[0]]), flow.dtype) / SIZE
            return resize.bilinear_resize(flow, grid) * scale
        if self.upsampling == "deconvolution":
            return getattr(self, f"double_flow_{level + 1}")(flow)
        height, width = ops.shape(flow)[1:3]
        return resize.bilinear_resize(flow, (2 * height, 2 * width))

    def _answer(self, estimate, network_size, pair):
        """Returns what the finest level says, at the reference's size."""
        size = ops.shape(pair["reference"])[1:3]
        query_size = ops.shape(pair["query"])[1:3]
        parameters = resize.bilinear_resize(estimate["parameters"], size)
        outputs = _split(parameters)
        return {
            "flow": stretched_flow.unstretch_flow(
                estimate["flow"], network_size, size, query_size
            ),
            "confidence": mixture.interval_probability(
                **outputs, radius=self.radius
            ),
            **outputs,
        }

    def get_config(self):
        return {
            **super().get_config(),
            "backbone": self.backbone,
            "global_correlation": self.global_correlation,
            "local_correlation": self.local_correlation,
            "width": self.width,
            "two_pyramids": self.two_pyramids,
            "upsampling": self.upsampling,
            "global_gocor": self.global_gocor,
            "local_gocor": self.local_gocor,
            "radius": self.radius,
            "synchronized": self.synchronized,
        }


def _split(parameters, suffix=""):
    """Returns a mixture's log-variances and logits, as outputs."""
    log_variance, mixture_logits = ops.split(parameters, 2, axis=-1)
    return {
        f"log_variance{suffix}": log_variance,
        f"mixture_logits{suffix}": mixture_logits,
    }
