"""One finer level of a flow pyramid: decoder and context network."""

import keras
from keras import ops

from gocor_tf.layers import conv_block
from gocor_tf.layers.context_network import ContextNetwork
from gocor_tf.layers.flow_decoder import DenseDecoder, ResidualDecoder

DECODERS = {"dense": DenseDecoder, "residual": ResidualDecoder}


@keras.saving.register_keras_serializable(package="gocor_tf")
class FlowLevel(keras.layers.Layer):
    """Corrects a flow by what a local volume says (spec models.md, 6.4-6.7).

    Example:
        >>> volume = keras.random.uniform((1, 32, 32, 81))
        >>> outputs = FlowLevel("residual")(volume, ops.zeros((1, 32, 32, 2)))
        >>> outputs["flow"].shape
        (1, 32, 32, 2)

    Args:
        decoder: "dense" (PWC-Net, 6.4) or "residual" (6.6).
        width: factor on the channels of decoder and context network.
        context: whether a context network refines the flow (6.7).
        context_sees_flow: whether it is given the flow, after the features.
        synchronized: whether replicas share batch statistics.

    Call arguments:
        volume: `(batch, height, width, cells)`.
        flow: `(batch, height, width, 2)`, the flow found so far; the unit is
            the caller's, and that of the answer.
        extras: list of more inputs of the decoder, in their order.

    Returns:
        A dict: `flow` `(batch, height, width, 2)`, float32; `features`, the
        decoder's last ones; with a context network, `context_features`, its
        last ones.
    """

    def __init__(
        self,
        decoder="dense",
        width=1.0,
        context=False,
        context_sees_flow=False,
        synchronized=True,
        **kwargs,
    ):
        # Flows keep their precision under 16-bit policies.
        super().__init__(autocast=False, **kwargs)
        conv_block.check_choice("decoder", decoder, tuple(DECODERS))
        self.decoder = decoder
        self.width = width
        self.context = context
        self.context_sees_flow = context_sees_flow
        self.synchronized = synchronized
        options = {
            "width": width,
            "synchronized": synchronized,
            "dtype": self.dtype_policy,
        }
        self.decoding = DECODERS[decoder](name="decoding", **options)
        if context:
            self.refinement = ContextNetwork(name="refinement", **options)

    def build(self, volume_shape, flow_shape, extras_shape=()):
        shape = self._inputs_shape(volume_shape, flow_shape, extras_shape)
        self.decoding.build(shape)
        if self.context:
            *grid, channels = self.decoding.compute_output_shape(shape)[0]
            channels += 2 * self.context_sees_flow
            self.refinement.build((*grid, channels))

    def call(self, volume, flow, extras=(), training=None):
        features, residual = self.decoding(
            self._join(volume, flow, *extras), training=training
        )
        flow = residual + flow
        if not self.context:
            return {"flow": flow, "features": features}
        inputs = features
        if self.context_sees_flow:
            inputs = self._join(features, flow)
        context_features, residual = self.refinement(inputs, training=training)
        return {
            "flow": flow + residual,
            "features": features,
            "context_features": context_features,
        }

    def _join(self, *tensors):
        return ops.concatenate(
            [ops.cast(tensor, self.compute_dtype) for tensor in tensors],
            axis=-1,
        )

    def _inputs_shape(self, volume_shape, flow_shape, extras_shape=()):
        shapes = (volume_shape, flow_shape, *extras_shape)
        return (*volume_shape[:-1], sum(shape[-1] for shape in shapes))

    def compute_output_shape(self, volume_shape, flow_shape, extras_shape=()):
        shape = self._inputs_shape(volume_shape, flow_shape, extras_shape)
        features, flow = self.decoding.compute_output_shape(shape)
        shapes = {"flow": flow, "features": features}
        if self.context:
            context, _ = self.refinement.compute_output_shape(features)
            shapes["context_features"] = context
        return shapes

    def compute_output_spec(self, volume, flow, extras=(), training=None):
        shapes = self.compute_output_shape(
            volume.shape, flow.shape, [extra.shape for extra in extras]
        )
        flow_dtype = conv_block.flow_dtype(self.compute_dtype)
        return {
            name: keras.KerasTensor(
                shape, flow_dtype if name == "flow" else self.compute_dtype
            )
            for name, shape in shapes.items()
        }

    def get_config(self):
        return {
            **super().get_config(),
            "decoder": self.decoder,
            "width": self.width,
            "context": self.context,
            "context_sees_flow": self.context_sees_flow,
            "synchronized": self.synchronized,
        }
