"""What the shape of a pixel's scores says about its flow's uncertainty.

One clear maximum of a correspondence volume means a sure match; a flat or
repetitive one does not (PDC-Net; spec models.md, 6.8).
"""

import keras
from keras import ops

from gocor_tf.layers import conv_block
from gocor_tf.layers.conv_block import ConvBlock

FILTERS = (32, 32, 16)
OUTPUT_CHANNELS = 6
SEARCH_SIZES = (9, 16)

# Windows that are decoded at once. At 1/4 of a 1024 x 768 image there are
# 49,152 of them, and 32 channels of each would take 300 MB.
CHUNK = 2048


@keras.saving.register_keras_serializable(package="gocor_tf")
class CorrelationUncertainty(keras.layers.Layer):
    """Convolves each reference cell's window of scores down to six features.

    The windows of all cells are a batch of small images, which 3x3
    convolutions without padding shrink to one cell. Outside training they
    are decoded in chunks, which changes nothing but the memory needed.

    Example:
        >>> volume = keras.random.uniform((1, 32, 32, 81))
        >>> CorrelationUncertainty(search_size=9)(volume).shape
        (1, 32, 32, 6)

    Args:
        search_size: side of the square window of scores: 9 (a local volume of
            radius 4) or 16 (a global volume, 16 x 16 query cells).
        width: factor on the published channels 32, 32, 16.
        batch_norm: whether batch normalization follows each convolution; its
            statistics are those of all cells of all windows.
        synchronized: whether replicas share batch statistics.
        chunk: windows that are decoded at once outside training; None: all.

    Call arguments:
        volume: `(batch, height, width, search_size**2)`, row-major.
        second_volume: another volume of that shape, as a second channel.

    Returns:
        `(batch, height, width, 6)`.
    """

    def __init__(
        self,
        search_size=9,
        width=1.0,
        batch_norm=True,
        synchronized=True,
        chunk=CHUNK,
        **kwargs,
    ):
        super().__init__(**kwargs)
        conv_block.check_choice("search_size", search_size, SEARCH_SIZES)
        if chunk is not None and chunk < 1:
            raise ValueError(
                f"`chunk` must be > 0, or None. Received: chunk={chunk}"
            )
        self.search_size = search_size
        self.width = width
        self.batch_norm = batch_norm
        self.synchronized = synchronized
        self.chunk = chunk
        self.blocks = [
            ConvBlock(
                filters,
                padding="valid",
                batch_norm=batch_norm,
                synchronized=synchronized,
                dtype=self.dtype_policy,
                name=f"conv_{i}",
            )
            for i, filters in enumerate(
                conv_block.scaled_filters(FILTERS, width)
            )
        ]
        self.pool = keras.layers.MaxPooling2D(
            2, dtype=self.dtype_policy, name="pool"
        )
        self.head = keras.layers.Conv2D(
            OUTPUT_CHANNELS,
            3,
            kernel_initializer=conv_block.he_normal(),
            dtype=self.dtype_policy,
            name="predict_uncertainty",
        )

    def build(self, volume_shape, second_volume_shape=None):
        size = self.search_size
        for shape in filter(None, (volume_shape, second_volume_shape)):
            if shape[-1] != size**2:
                raise ValueError(
                    f"`volume` must have {size**2} channels, search_size "
                    f"squared. Received: volume.shape={tuple(shape)}"
                )
        shape = (None, size, size, 1 if second_volume_shape is None else 2)
        for block in self.blocks:
            block.build(shape)
            shape = (None, None, None, block.filters)
        self.head.build(shape)

    def call(self, volume, second_volume=None, training=None):
        volumes = [volume] if second_volume is None else [volume, second_volume]
        size = self.search_size
        windows = ops.reshape(
            ops.stack(volumes, axis=-1), (-1, size, size, len(volumes))
        )
        if training or self.chunk is None:
            features = self._decode(windows, training=training)
        else:
            features = self._decode_chunks(windows)
        shape = ops.shape(volume)
        return ops.reshape(features, (*shape[:-1], OUTPUT_CHANNELS))

    def _decode(self, windows, training):
        """Returns `(windows, 6)` features of `(windows, size, size, ...)`."""
        x = self.blocks[0](windows, training=training)
        if self.search_size == 16:
            x = self.pool(x)
        for block in self.blocks[1:]:
            x = block(x, training=training)
        return self.head(x)[:, 0, 0]

    def _decode_chunks(self, windows):
        """Decodes in chunks of equal size, one after the other."""
        count = ops.shape(windows)[0]
        num_chunks = count // self.chunk + 1
        if isinstance(num_chunks, int) and num_chunks == 1:
            return self._decode(windows, training=False)
        length = (count + num_chunks - 1) // num_chunks
        rest = num_chunks * length - count
        shape = ops.shape(windows)[1:]
        padding = ops.zeros((rest, *shape), windows.dtype)
        chunks = ops.reshape(
            ops.concatenate([windows, padding]), (num_chunks, length, *shape)
        )

        # A scan, because the steps of `ops.map` may run side by side.
        def decode(_, chunk):
            features = self._decode(chunk, training=False)
            return features, features

        first = ops.zeros((length, OUTPUT_CHANNELS), self.compute_dtype)
        _, features = ops.scan(decode, first, chunks)
        return ops.reshape(features, (-1, OUTPUT_CHANNELS))[:count]

    def compute_output_shape(self, volume_shape, second_volume_shape=None):
        return (*volume_shape[:-1], OUTPUT_CHANNELS)

    def get_config(self):
        return {
            **super().get_config(),
            "search_size": self.search_size,
            "width": self.width,
            "batch_norm": self.batch_norm,
            "synchronized": self.synchronized,
            "chunk": self.chunk,
        }
