"""What an exported network refuses, before it takes memory for it.

Each check is an assertion inside the graph, so that any server answers a
request that fails one with INVALID_ARGUMENT and a message that names the
input, and goes on.
"""

import dataclasses

import tensorflow as tf

# Smaller pictures have no cell of their own at the networks' coarse levels.
MIN_SIDE = 8


@dataclasses.dataclass(frozen=True)
class Limits:
    """How much one request may ask for.

    Attributes:
        max_batch_size: pairs in one request.
        max_pixels: pixels in all pictures of one role together or, where
            pictures are stretched to a fixed size one after the other, in one
            of them.
    """

    max_batch_size: int = 16
    max_pixels: int = 2**24

    def __post_init__(self):
        for name, smallest in (
            ("max_batch_size", 1),
            ("max_pixels", 2**14),
        ):
            value = getattr(self, name)
            if value < smallest:
                raise ValueError(
                    f"`{name}` must be >= {smallest}. Received: {name}={value}"
                )


def checked_pair(reference, query, limits):
    """Returns a pair of batches once they have the right shapes and lengths.

    Args:
        reference: `(batch, height, width, 3)` images or `(batch,)` files.
        query: the same.
        limits: `Limits`.
    """
    reference = _checked_shape(reference, "reference")
    query = _checked_shape(query, "query")
    numbers = tf.shape(reference)[0], tf.shape(query)[0]
    checks = [
        tf.debugging.Assert(
            numbers[0] == numbers[1],
            [
                "`reference` and `query` must hold the same number of "
                "pictures. Received: reference, query =",
                *numbers,
            ],
        ),
        *(
            tf.debugging.Assert(
                (number >= 1) & (number <= limits.max_batch_size),
                [
                    f"`{name}` must hold 1 to {limits.max_batch_size} "
                    "pictures. Received:",
                    number,
                ],
            )
            for name, number in zip(
                ("reference", "query"), numbers, strict=True
            )
        ),
    ]
    with tf.control_dependencies(checks):
        return tf.identity(reference), tf.identity(query)


def _checked_shape(batch, name):
    """Returns a batch once it has the rank and channels that it claims.

    A server feeds what it is sent, whatever shape the signature states.
    """
    # TensorFlow would take the stated shape for the one that came.
    unknown = tf.compat.v1.placeholder_with_default(batch, shape=None)
    shape = tf.shape(unknown)
    if len(batch.shape) == 1:
        fits, wanted = tf.size(shape) == 1, "(batch,)"
    else:
        fits = (tf.size(shape) == 4) & (tf.reduce_sum(shape[3:]) == 3)
        wanted = "(batch, height, width, 3)"
    message = f"`{name}` must be of shape {wanted}. Received: shape ="
    check = tf.debugging.Assert(fits, [message, shape], summarize=8)
    with tf.control_dependencies([check]):
        return tf.identity(batch)


def checked_images(images, name, limits, stretched):
    """Returns a batch of images once its size and values are right.

    Args:
        images: `(batch, height, width, 3)` float32 or uint8.
        name: of the argument, for the errors.
        limits: `Limits`.
        stretched: whether each image is stretched to a fixed size.
    """
    shape = tf.shape(images)
    sizes = tf.tile(shape[None, 1:3], (shape[0], 1))
    checks = of_sizes(tf.cast(sizes, tf.int64), name, limits, stretched)
    if images.dtype.is_floating:
        with tf.control_dependencies(checks):
            finite = tf.reduce_all(tf.math.is_finite(images))
        checks = [tf.debugging.Assert(finite, [f"`{name}` must be finite."])]
    with tf.control_dependencies(checks):
        return tf.identity(images)


def of_sizes(sizes, name, limits, stretched):
    """Returns the assertions about the sizes of a batch of pictures.

    Args:
        sizes: `(batch, 2)` int64, (height, width).
        name: of the argument, for the errors.
        limits: `Limits`.
        stretched: whether each picture is stretched to a fixed size.
    """
    pixels = tf.reduce_prod(sizes, axis=1)
    most = f"`{name}` must hold at most {limits.max_pixels} pixels"
    if stretched:
        number, most = tf.reduce_max(pixels), f"{most} in each picture."
    else:
        number, most = tf.reduce_sum(pixels), f"{most} in all its pictures."
    checks = [
        tf.debugging.Assert(
            tf.reduce_all(sizes >= MIN_SIDE),
            [
                f"The pictures of `{name}` must be at least {MIN_SIDE} px high "
                "and wide. Received: (height, width) =",
                tf.reduce_min(sizes, axis=0),
            ],
        ),
        tf.debugging.Assert(
            number <= limits.max_pixels, [f"{most} Received:", number]
        ),
    ]
    if not stretched:
        checks.append(
            tf.debugging.Assert(
                tf.reduce_all(sizes == sizes[:1]),
                [
                    f"The pictures of `{name}` must share one size. Received: "
                    "(height, width) =",
                    sizes,
                ],
                summarize=8,
            )
        )
    return checks
