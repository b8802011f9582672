"""From features of flow and scores to a mixture's parameters (6.9)."""

import keras
from keras import ops

from gocor_tf.layers import conv_block
from gocor_tf.layers.conv_block import ConvBlock

FILTERS = (32, 16)


@keras.saving.register_keras_serializable(package="gocor_tf")
class UncertaintyDecoder(keras.layers.Layer):
    """Predicts each pixel's distribution of flow errors (spec models.md, 6.9).

    Only the variance of one mode is predicted: PDC-Net fixes those of the
    others. It is as free as the convolution leaves it;
    `mixture.constrain_log_variance` gives it bounds.

    Example:
        >>> features = keras.random.normal((1, 32, 32, 38))
        >>> log_variance, mixture_logits = UncertaintyDecoder()(features)
        >>> mixture_logits.shape
        (1, 32, 32, 2)

    Args:
        num_modes: of the mixture; 2 as published, or 1 or 3.
        width: factor on the published channels 32, 16.
        batch_norm: whether batch normalization follows each convolution.
        synchronized: whether replicas share batch statistics.

    Call arguments:
        inputs: `(batch, height, width, channels)`: features of the scores, of
            the flow and, at finer levels, the parameters and the flow of the
            coarser level.

    Returns:
        The unbounded log-variance, `(batch, height, width, 1)`, and the
        logits of the modes' shares, `(batch, height, width, num_modes)`, ones
        where there is one mode. Both are float32 under 16-bit policies.
    """

    def __init__(
        self,
        num_modes=2,
        width=1.0,
        batch_norm=True,
        synchronized=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        conv_block.check_choice("num_modes", num_modes, (1, 2, 3))
        self.num_modes = num_modes
        self.width = width
        self.batch_norm = batch_norm
        self.synchronized = synchronized
        self.blocks = [
            ConvBlock(
                filters,
                batch_norm=batch_norm,
                synchronized=synchronized,
                dtype=self.dtype_policy,
                name=f"conv_{i}",
            )
            for i, filters in enumerate(
                conv_block.scaled_filters(FILTERS, width)
            )
        ]
        self.head = keras.layers.Conv2D(
            1 if num_modes == 1 else 1 + num_modes,
            3,
            padding="same",
            kernel_initializer=conv_block.small_normal(),
            dtype=conv_block.flow_dtype(self.compute_dtype),
            name="predict_uncertainty_final",
        )

    def build(self, inputs_shape):
        for block in self.blocks:
            block.build(inputs_shape)
            inputs_shape = block.compute_output_shape(inputs_shape)
        self.head.build(inputs_shape)

    def call(self, inputs, training=None):
        x = inputs
        for block in self.blocks:
            x = block(x, training=training)
        x = self.head(x)
        log_variance = x[..., :1]
        if self.num_modes == 1:
            return log_variance, ops.ones_like(log_variance)
        return log_variance, x[..., 1:]

    def compute_output_shape(self, inputs_shape):
        grid = tuple(inputs_shape[:-1])
        return (*grid, 1), (*grid, self.num_modes)

    def compute_output_spec(self, inputs, training=None):
        dtype = conv_block.flow_dtype(self.compute_dtype)
        return tuple(
            keras.KerasTensor(shape, dtype)
            for shape in self.compute_output_shape(inputs.shape)
        )

    def get_config(self):
        return {
            **super().get_config(),
            "num_modes": self.num_modes,
            "width": self.width,
            "batch_norm": self.batch_norm,
            "synchronized": self.synchronized,
        }
