"""What the published checkpoints call the weights of each network.

The grammar is that of spec models.md, 8.5: layer by layer for the parts that
networks share, then one function a network. A name leads to the Keras variable
that takes its value; `keras_layout` says how the value is laid out.
"""

import numpy as np

# Tensors of a checkpoint that no forward pass reads (8.6).
_UNUSED = {
    "PWCNet": ("deconv2.",),
    "GLUNet": ("pyramid.level_4.",),
    "PDCNet": ("pyramid.level_4.",),
}


def variables(model):
    """Returns a network's variables by their published names.

    Args:
        model: a built network of the family, on VGG-16 where it can choose.

    Returns:
        Dict: tensor name in the published state dict -> Keras variable.
    """
    return _NETWORKS[type(model).__name__](model)


def unused(model, names):
    """Returns those names of a checkpoint that the network has no use for.

    They are the batch counters of PyTorch's normalization, and layers that
    the published classes create but never call.
    """
    prefixes = _UNUSED.get(type(model).__name__, ())
    known = variables(model)
    return [
        name
        for name in names
        if name.endswith(".num_batches_tracked")
        or (name.startswith(prefixes) and name not in known)
    ]


def keras_layout(value, shape, library=np):
    """Lays a published tensor out as the Keras variable that takes it (8.4).

    Args:
        value: NumPy array, or tensor, in PyTorch's layout.
        shape: of the variable.
        library: `numpy`, or `keras.ops` where `value` is a tensor.

    Returns:
        Array or tensor of that shape.

    Raises:
        ValueError: if the shapes do not correspond.
    """
    axes = {4: (2, 3, 1, 0), 6: (0, 3, 4, 5, 2, 1)}
    laid_out = value
    if len(shape) == len(value.shape) and len(shape) in axes:
        laid_out = library.transpose(value, axes[len(shape)])
    elif len(shape) == 1 and max(value.shape, default=1) == shape[0]:
        laid_out = library.reshape(value, (-1,))
    if tuple(laid_out.shape) != tuple(shape):
        raise ValueError(
            f"`value` must correspond to a variable of shape {tuple(shape)}. "
            f"Received: value.shape={tuple(value.shape)}"
        )
    return laid_out


def convolution(layer, prefix):
    """Names of a convolution, plain or transposed."""
    names = {f"{prefix}.weight": layer.kernel}
    if layer.use_bias:
        names[f"{prefix}.bias"] = layer.bias
    return names


def block(layer, prefix):
    """Names of a `ConvBlock`."""
    names = convolution(layer.conv, f"{prefix}.0")
    if layer.batch_norm:
        norm = layer.normalization
        names |= {
            f"{prefix}.1.weight": norm.gamma,
            f"{prefix}.1.bias": norm.beta,
            f"{prefix}.1.running_mean": norm.moving_mean,
            f"{prefix}.1.running_var": norm.moving_variance,
        }
    return names


def decoder(layer, prefix, conv="conv_", head="predict_flow"):
    """Names of a flow decoder, and of others with blocks and a head."""
    names = convolution(layer.head, f"{prefix}{head}")
    for number, conv_layer in enumerate(layer.blocks):
        names |= block(conv_layer, f"{prefix}{conv}{number}")
    for skip in getattr(layer, "skips", ()):
        names |= block(skip, f"{prefix}{skip.name}")
    return names


def mapping_decoder(layer, prefix):
    """Names of the decoder of the coarsest level."""
    conv = "conv_" if hasattr(layer, "skips") else "conv"
    return decoder(layer, prefix, conv, "final")


def context_network(layer, prefix, suffix=""):
    """Names of a `ContextNetwork`."""
    count = len(layer.blocks) + 1
    names = convolution(layer.head, f"{prefix}{count}{suffix}")
    for number, conv_layer in enumerate(layer.blocks, start=1):
        names |= block(conv_layer, f"{prefix}{number}{suffix}")
    return names


def gocor(layer, prefix=""):
    """Names of a `GlobalGOCor` or `LocalGOCor`."""
    optimizer = steepest_descent(layer, f"{prefix}filter_optimizer.")
    return optimizer | filter_initializer(
        layer.filter_initializer, f"{prefix}filter_initializer."
    )


def steepest_descent(layer, prefix=""):
    """Names of a GOCor layer, those of its filter initializer left out."""
    names = {
        "log_step_length": layer.log_step_length,
        "filter_reg": layer.filter_reg,
    }
    if layer.reference_objective == "robust":
        predictors = layer.distance_predictors
        for name, variable in (
            ("label_map_predictor", predictors.label_map_predictor),
            ("spatial_weight_predictor", predictors.spatial_weight_predictor),
            ("target_mask_predictor.0", predictors.target_mask_predictor),
        ):
            names[f"{name}.weight"] = variable
    if layer.query_objective:
        names["reg_layer.weight1"] = layer.weight1
        names["reg_layer.weight2"] = layer.weight2
    return {prefix + name: variable for name, variable in names.items()}


def filter_initializer(layer, prefix=""):
    """Names of a filter initializer."""
    return {
        prefix + name: getattr(layer, name)
        for name in ("scaling", "target_fg", "target_bg")
        if hasattr(layer, name)
    }


def vgg_pyramid(layer, prefix):
    """Names of a `VGGPyramid`, whose layers are named after them."""
    names = {}
    for conv_layer in layer.convolutions:
        level, _, index = conv_layer.name.rpartition("_")
        names |= convolution(conv_layer, f"{prefix}{level}.{index}")
    return names


def _volumes(model):
    names = {}
    if model.global_volume.correlation == "gocor":
        names |= gocor(model.global_volume.volume, "corr.corr_module.")
    if model.global_volume.correlation == "nc_net":
        consensus = model.global_volume.consensus
        for index, pair in enumerate(
            zip(consensus.kernels, consensus.biases, strict=True)
        ):
            prefix = f"NeighConsensus.conv.{2 * index}"
            names[f"{prefix}.weight"], names[f"{prefix}.bias"] = pair
    if model.local_volume.correlation == "gocor":
        names |= gocor(model.local_volume.volume, "local_corr.")
    return names


def _basenet(model):
    names = vgg_pyramid(model.pyramid, "pyramid.") | _volumes(model)
    names |= mapping_decoder(model.level_4.decoding, "decoder4.")
    for level, layer in ((3, model.level_3), (2, model.level_2)):
        names |= decoder(layer.decoding, f"decoder{level}.")
        if layer.context:
            suffix = "" if level == 2 else f"_level{level}"
            names |= context_network(layer.refinement, "dc_conv", suffix)
    return names | convolution(model.double_features_3, "upfeat3")


def _glunet(model):
    names = vgg_pyramid(model.pyramid, "pyramid.") | _volumes(model)
    if hasattr(model, "pyramid_256"):
        names |= vgg_pyramid(model.pyramid_256, "pyramid_256.")
    names |= mapping_decoder(model.level_4.decoding, "decoder4.")
    contexts = {3: "dc_conv", 1: "l_dc_conv"}
    for level in (3, 2, 1):
        layer = getattr(model, f"level_{level}")
        names |= decoder(layer.decoding, f"decoder{level}.")
        if layer.context:
            names |= context_network(layer.refinement, contexts[level])
    if hasattr(model, "double_flow_4"):
        names |= convolution(model.double_flow_4, "deconv4")
        names |= convolution(model.double_flow_2, "deconv2")
    return names | convolution(model.double_features_2, "upfeat2")


def _pdcnet(model):
    names = _glunet(model)
    for level in (4, 3, 2, 1):
        layer = getattr(model, f"mixture_{level}")
        names |= decoder(
            layer.correlation_uncertainty,
            f"corr_uncertainty_decoder{level}.",
            head="predict_uncertainty",
        )
        names |= decoder(
            layer.uncertainty,
            f"uncertainty_decoder{level}.",
            head="predict_uncertainty_final",
        )
    return names


def _pwcnet(model):
    names = {}
    for conv_layer in model.pyramid.convolutions:
        names |= convolution(conv_layer, f"{conv_layer.name}.0")
    for level in (6, 5, 4, 3, 2):
        layer = getattr(model, f"decoder_{level}")
        names |= decoder(layer, "", f"conv{level}_", f"predict_flow{level}")
        if model.local_correlation == "gocor":
            volume = getattr(model, f"local_volume_{level}").volume
            names |= gocor(volume, f"local_corr_{level}.")
        if level > 2:
            for ours, theirs in (("flow", "deconv"), ("features", "upfeat")):
                upsampling = getattr(model, f"double_{ours}_{level}")
                names |= convolution(upsampling, f"{theirs}{level}")
    return names | context_network(model.context_2, "dc_conv")


_NETWORKS = {
    "BaseNet": _basenet,
    "GLUNet": _glunet,
    "SemanticGLUNet": _glunet,
    "PDCNet": _pdcnet,
    "PWCNet": _pwcnet,
}
