"""Masks of the matches to keep (spec models.md, 9.5)."""

from keras import backend, ops


def most_certain_mask(confidence, percent):
    """Marks each image's most certain pixels.

    Args:
        confidence: `(batch, height, width)`; larger is more certain.
        percent: how many of an image's pixels to keep, in %. Pixels as
            certain as the last one kept are kept too.

    Returns:
        `(batch, height, width)` bool.

    Raises:
        ValueError: unless the percentage is in 0..100.
    """
    if not 0 <= percent <= 100:
        raise ValueError(
            f"`percent` must be in 0..100. Received: percent={percent}"
        )
    confidence = ops.convert_to_tensor(confidence)
    confidence = ops.cast(
        confidence, backend.result_type(confidence.dtype, "float32")
    )
    pixels = ops.reshape(confidence, (ops.shape(confidence)[0], -1))
    least = ops.quantile(pixels, 1 - percent / 100, axis=-1)
    return confidence >= least[:, None, None]
