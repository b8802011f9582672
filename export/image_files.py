"""Decodes picture files inside the graph, after a look at their headers.

A header of a few bytes can claim a picture of gigabytes. So each file's size
is read from its header and compared with the limit before it is decoded, with
TensorFlow's own string operations: a server needs nothing but TensorFlow.
"""

import tensorflow as tf

from . import request_checks

# Bytes from the start of a file in which PNG and WebP state the size.
_HEADER = 30
# Pictures of one request that are decoded at the same time.
_PARALLEL = 4


def decode_files(files, name, limits, size=None):
    """Decodes JPEG, PNG and WebP files.

    Args:
        files: `(batch,)` strings.
        name: of the argument, for the errors.
        limits: `request_checks.Limits` of the pictures.
        size: `(height, width)` to stretch each picture to, so that their own
            sizes may differ; None: they must share one size.

    Returns:
        The pictures, as stored (an EXIF orientation is not applied):
        `(batch, height, width, 3)`, uint8, float32 where they were stretched;
        and their own sizes, `(batch, 2)` int32 (height, width).
    """
    sizes = tf.map_fn(
        lambda file: picture_size(file, name),
        files,
        fn_output_signature=tf.TensorSpec((2,), tf.int64),
    )
    checks = request_checks.of_sizes(sizes, name, limits, size is not None)
    with tf.control_dependencies(checks):
        files, sizes = tf.identity(files), tf.cast(sizes, tf.int32)

    def decode(file_and_size):
        picture = _decode(*file_and_size, name)
        return picture if size is None else stretch(picture, size)

    pictures = tf.map_fn(
        decode,
        (files, sizes),
        fn_output_signature=(
            tf.TensorSpec((None, None, 3), tf.uint8)
            if size is None
            else tf.TensorSpec((*size, 3), tf.float32)
        ),
        parallel_iterations=_PARALLEL,
    )
    return pictures, sizes


def stretch(pictures, size):
    """Resizes pictures bilinearly, averaging over what shrinks.

    Args:
        pictures: `(..., height, width, 3)` numbers.
        size: new `(height, width)`.

    Returns:
        `(..., *size, 3)` float32.
    """
    return tf.cast(tf.image.resize(pictures, size, antialias=True), tf.float32)


def picture_size(file, name):
    """Reads the size of a picture from the header of its file.

    Args:
        file: scalar string, a JPEG, PNG or WebP file.
        name: of the argument, for the errors.

    Returns:
        `(2,)` int64, (height, width).
    """
    with tf.name_scope(f"header_of_{name}"):
        start = tf.strings.substr(file, 0, _HEADER)
        start = tf.strings.substr(start + b"\0" * _HEADER, 0, _HEADER)
        header = tf.cast(tf.io.decode_raw(start, tf.uint8), tf.int64)
        readers = [
            (_starts(header, b"\xff\xd8\xff"), lambda: _jpeg_size(file)),
            (_is_png(header), lambda: _png_size(header)),
            (_is_webp(header, b"VP8 "), lambda: _lossy_webp_size(header)),
            (_is_webp(header, b"VP8L"), lambda: _lossless_webp_size(header)),
            (_is_still_webp(header), lambda: _extended_webp_size(header)),
        ]
        known = tf.reduce_any(tf.stack([is_kind for is_kind, _ in readers]))
        kinds = f"`{name}` must hold JPEG, PNG or still WebP files."
        size = tf.case(readers, default=lambda: tf.zeros(2, tf.int64))
        with tf.control_dependencies([tf.debugging.Assert(known, [kinds])]):
            return tf.ensure_shape(tf.identity(size), (2,))


def _decode(file, size, name):
    # An error of the decoder shows the name of its node: here is where a
    # request learns which file is broken.
    with tf.name_scope(f"{name}_must_hold_complete_files"):
        # The operation reads PNG and WebP too. Its default transform rounds
        # more coarsely than other decoders do.
        picture = tf.io.decode_jpeg(
            file, channels=3, dct_method="INTEGER_ACCURATE"
        )
        # Of WebP it makes a batch of one.
        return tf.reshape(picture, (size[0], size[1], 3))


def _starts(header, signature, offset=0):
    part = header[offset : offset + len(signature)]
    return tf.reduce_all(part == tf.constant(list(signature), tf.int64))


def _is_png(header):
    return _starts(header, b"\x89PNG\r\n\x1a\n") & _starts(header, b"IHDR", 12)


def _is_webp(header, kind):
    return (
        _starts(header, b"RIFF")
        & _starts(header, b"WEBP", 8)
        & _starts(header, kind, 12)
    )


def _is_still_webp(header):
    is_animated = header[20] // 2 % 2 == 1
    return _is_webp(header, b"VP8X") & ~is_animated


def _jpeg_size(file):
    return tf.io.extract_jpeg_shape(file, output_type=tf.int64)[:2]


def _png_size(header):
    width, height = _number(header[16:20][::-1]), _number(header[20:24][::-1])
    return tf.stack([height, width])


def _lossy_webp_size(header):
    # 14 bits of size, 2 of a scale that decoders leave alone.
    width, height = _number(header[26:28]), _number(header[28:30])
    return tf.stack([height, width]) % 2**14


def _lossless_webp_size(header):
    # 14 bits of the width less 1, then 14 of the height less 1.
    bits = _number(header[21:25])
    return tf.stack([bits // 2**14 % 2**14, bits % 2**14]) + 1


def _extended_webp_size(header):
    width, height = _number(header[24:27]), _number(header[27:30])
    return tf.stack([height, width]) + 1


def _number(digits):
    """Returns the number of some bytes, the lowest first."""
    places = 256 ** tf.range(tf.size(digits, tf.int64), dtype=tf.int64)
    return tf.reduce_sum(digits * places)
