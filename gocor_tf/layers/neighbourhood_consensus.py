"""Neighbourhood consensus, as a layer."""

import keras

from gocor_tf.ops import matching


@keras.saving.register_keras_serializable(package="gocor_tf")
class NeighbourhoodConsensus(keras.layers.Layer):
    """Filters a global volume by learned 4-D convolutions.

    Each convolution is followed by a ReLU. Rocco et al., "Neighbourhood
    Consensus Networks", NeurIPS 2018.

    Example:
        ```python
        layer = NeighbourhoodConsensus(kernel_sizes=(3, 3), channels=(4, 1))
        volume = layer(keras.random.uniform((1, 8, 8, 6, 6)))
        ```

    Args:
        kernel_sizes: one odd size a convolution, for all four axes.
        channels: output channels of each convolution; the last is 1.
        symmetric: whether to add the result of the same filters with
            reference and query exchanged.

    Call arguments:
        volume: `(batch, height, width, query_height, query_width)`.

    Returns:
        Tensor of the same shape.
    """

    def __init__(
        self,
        kernel_sizes=(3, 3, 3),
        channels=(10, 10, 1),
        symmetric=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if any(size < 1 or size % 2 == 0 for size in kernel_sizes):
            raise ValueError(
                "`kernel_sizes` must be odd. Received: "
                f"kernel_sizes={kernel_sizes}"
            )
        if len(channels) != len(kernel_sizes) or channels[-1] != 1:
            raise ValueError(
                "`channels` must have one entry a kernel size and end with "
                f"1. Received: channels={channels}"
            )
        self.kernel_sizes = tuple(kernel_sizes)
        self.channels = tuple(channels)
        self.symmetric = symmetric

    def build(self, volume_shape):
        if len(volume_shape) != 5:
            raise ValueError(
                "`volume` must have 5 dimensions. Received: "
                f"volume.shape={tuple(volume_shape)}"
            )
        self.kernels, self.biases = [], []
        inputs = (1, *self.channels[:-1])
        sizes = zip(self.kernel_sizes, inputs, self.channels, strict=True)
        for index, (size, channels, output_channels) in enumerate(sizes):
            shape = (*(size,) * 4, channels, output_channels)
            self.kernels.append(
                self.add_weight(
                    shape=shape,
                    initializer=keras.initializers.VarianceScaling(
                        1 / 3, mode="fan_in", distribution="uniform"
                    ),
                    name=f"kernel_{index}",
                )
            )
            self.biases.append(
                self.add_weight(
                    shape=(output_channels,),
                    initializer="zeros",
                    name=f"bias_{index}",
                )
            )

    def call(self, volume):
        return matching.neighbourhood_consensus(
            volume, self.kernels, self.biases, self.symmetric
        )

    def compute_output_shape(self, volume_shape):
        return tuple(volume_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "kernel_sizes": self.kernel_sizes,
            "channels": self.channels,
            "symmetric": self.symmetric,
        }
