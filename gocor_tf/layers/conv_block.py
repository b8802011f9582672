"""Convolution, batch normalization and activation, as every decoder stacks."""

import keras
from keras import ops

ACTIVATIONS = ("leaky_relu", "relu", "linear")

# The published slope (spec models.md, 1.9); Keras's own default is 0.3.
LEAKY_RELU_SLOPE = 0.1


def check_choice(name, value, choices):
    """Raises ValueError unless an argument is one of its choices."""
    if value not in choices:
        raise ValueError(
            f"`{name}` must be one of {choices}. Received: {name}={value!r}"
        )


def leaky_relu(x):
    """Returns the published leaky ReLU, in the precision of its input."""
    if keras.backend.standardize_dtype(x.dtype) == "float64":
        # TensorFlow keeps the slope of its own in float32.
        return leaky_relu_of_sum(x)
    return ops.leaky_relu(x, LEAKY_RELU_SLOPE)


def leaky_relu_of_sum(x):
    """The same of a sum that a convolution is part of.

    TensorFlow 2.21 on CPUs fuses its own with the convolution and the sum, and
    computes it with a slope of 0.2; where the sum is used besides, it gives up
    fusing any convolution of the graph.
    """
    return ops.where(x > 0, x, LEAKY_RELU_SLOPE * x)


def he_normal():
    """Returns the published initializer: normal, variance 2 / fan-in."""
    return keras.initializers.VarianceScaling(
        scale=2.0, mode="fan_in", distribution="untruncated_normal"
    )


def small_normal():
    """Returns an initializer for flow heads: first predictions near zero."""
    return keras.initializers.VarianceScaling(
        scale=0.01, mode="fan_in", distribution="untruncated_normal"
    )


def flow_dtype(compute_dtype):
    """Returns the dtype of flows: float32 where layers compute in 16 bits."""
    return "float32" if "16" in compute_dtype else compute_dtype


def flow_head(compute_dtype):
    """Returns the plain 3x3 convolution that predicts two flow channels."""
    return keras.layers.Conv2D(
        2,
        3,
        padding="same",
        kernel_initializer=small_normal(),
        dtype=flow_dtype(compute_dtype),
        name="predict_flow",
    )


def decoder_output_spec(layer, inputs):
    """Returns the specs of a decoder: its features and its float32 flow."""
    features, flow = layer.compute_output_shape(inputs.shape)
    return (
        keras.KerasTensor(features, layer.compute_dtype),
        keras.KerasTensor(flow, flow_dtype(layer.compute_dtype)),
    )


def scaled_filters(filters, width):
    """Returns `filters` times `width`, at least 8 and a multiple of 8."""
    return tuple(max(8, int(round(f * width / 8)) * 8) for f in filters)


@keras.saving.register_keras_serializable(package="gocor_tf")
class ConvBlock(keras.layers.Layer):
    """Convolution, then batch normalization, then activation (6.0).

    Args:
        filters: number of output channels.
        kernel_size: side of the square kernel.
        strides: step between outputs, in cells.
        dilation_rate: spacing of the kernel's taps, in cells.
        use_bias: whether the convolution has a bias.
        batch_norm: whether batch normalization follows (epsilon 1e-5).
        activation: "leaky_relu" (slope 0.1), "relu" or "linear".
        synchronized: whether replicas share batch statistics; only
            TensorFlow has replicas, other backends ignore it.
        padding: "same" (zeros around the input) or "valid" (none).

    Call arguments:
        inputs: `(batch, height, width, channels)`.

    Returns:
        `(batch, height / strides, width / strides, filters)`; with "valid"
        padding, of the height and width that the kernel fits in.
    """

    def __init__(
        self,
        filters,
        kernel_size=3,
        strides=1,
        dilation_rate=1,
        use_bias=True,
        batch_norm=True,
        activation="leaky_relu",
        synchronized=True,
        padding="same",
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_choice("activation", activation, ACTIVATIONS)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.dilation_rate = dilation_rate
        self.use_bias = use_bias
        self.batch_norm = batch_norm
        self.activation = activation
        self.synchronized = synchronized
        self.padding = padding
        self.conv = keras.layers.Conv2D(
            filters,
            kernel_size,
            strides=strides,
            padding=padding,
            dilation_rate=dilation_rate,
            use_bias=use_bias,
            kernel_initializer=he_normal(),
            dtype=self.dtype_policy,
            name="conv",
        )
        self.normalization = batch_norm and keras.layers.BatchNormalization(
            momentum=0.9,
            epsilon=1e-5,
            synchronized=synchronized
            and keras.backend.backend() == "tensorflow",
            dtype=self.dtype_policy,
            name="batch_norm",
        )

    def build(self, inputs_shape):
        self.conv.build(inputs_shape)
        if self.batch_norm:
            self.normalization.build(
                self.conv.compute_output_shape(inputs_shape)
            )

    def call(self, inputs, training=None):
        if self._can_fold(training):
            x = self._convolve_folded(inputs)
        else:
            x = self.conv(inputs)
            if self.batch_norm:
                x = self.normalization(x, training=training)
        if self.activation == "leaky_relu":
            x = leaky_relu(x)
        elif self.activation == "relu":
            x = ops.relu(x)
        return x

    def _can_fold(self, training):
        """Whether the normalization is a fixed scale and shift.

        In 16 bits it is left to the normalization, which computes in float32.
        """
        if not self.batch_norm or "16" in self.compute_dtype:
            return False
        return not (training and self.normalization.trainable)

    def _convolve_folded(self, inputs):
        """Normalizes the kernel instead of what it makes of the inputs.

        That saves two passes over the outputs, and TensorFlow adds the bias
        while it convolves.
        """
        norm = self.normalization
        scale = norm.gamma * ops.rsqrt(norm.moving_variance + norm.epsilon)
        shift = norm.beta - scale * norm.moving_mean
        if self.use_bias:
            shift = shift + scale * self.conv.bias
        x = ops.conv(
            inputs,
            self.conv.kernel * scale,
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
        )
        return ops.add(x, shift)

    def compute_output_shape(self, inputs_shape):
        return self.conv.compute_output_shape(inputs_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "dilation_rate": self.dilation_rate,
            "use_bias": self.use_bias,
            "batch_norm": self.batch_norm,
            "activation": self.activation,
            "synchronized": self.synchronized,
            "padding": self.padding,
        }
