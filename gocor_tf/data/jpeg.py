"""JPEG's artefacts, computed in the training step.

Images go to luma and chroma, blocks of 8 x 8 to cosines, which are rounded to
multiples of the standard tables (ITU-T T.81, Annex K) at some quality, and all
the way back. The lossless stages are left out: they change nothing.

Convention:
    As libjpeg: quality 1..100 scales the tables; chroma has half the
    resolution and is enlarged bilinearly; borders repeat.
"""

import numpy as np
from keras import ops

from gocor_tf.ops.resize import bilinear_resize

_BLOCK = 8
_LUMA_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA_TABLE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)
# Rows: luma, blue and red chroma, the latter two about 0.
_TO_YCC = np.array(
    [
        (0.299, 0.587, 0.114),
        (-0.168736, -0.331264, 0.5),
        (0.5, -0.418688, -0.081312),
    ]
)


def jpeg_artefacts(image, quality):
    """Returns images as they look after JPEG compression.

    Args:
        image: `(batch, height, width, 3)` RGB in 0..255.
        quality: `(batch,)`, 1..100; 0 leaves an image as it is.

    Returns:
        `(batch, height, width, 3)` float32 in 0..255; whole grey levels where
        an image was compressed, so no gradient passes.
    """
    image = ops.cast(image, "float32")
    quality = ops.cast(quality, "float32")
    _, height, width, _ = ops.shape(image)
    planes = ops.einsum(
        "kc,bhwc->bkhw",
        _TO_YCC.astype("float32"),
        _pad(_pad(ops.round(image), height, 1), width, 2),
    )
    luma, chroma = planes[:, :1] - 128, planes[:, 1:]
    luma = _compress(luma, _table(_LUMA_TABLE, quality)) + 128
    chroma = _double(_compress(_halve(chroma), _table(_CHROMA_TABLE, quality)))
    compressed = ops.einsum(
        "ck,bkhw->bhwc",
        np.linalg.inv(_TO_YCC).astype("float32"),
        ops.concatenate([luma, chroma], axis=1),
    )
    compressed = ops.clip(ops.round(compressed), 0.0, 255.0)
    return ops.where(
        ops.reshape(quality, (-1, 1, 1, 1)) > 0,
        compressed[:, :height, :width],
        image,
    )


def _pad(image, length, axis):
    """Repeats the last row or column up to whole blocks of chroma."""
    blocks = -(-length // (2 * _BLOCK))
    index = ops.arange(2 * _BLOCK * blocks, dtype="int32")
    return ops.take(image, ops.minimum(index, length - 1), axis=axis)


def _table(table, quality):
    """Scales a table to `(batch, 8, 8)`, in libjpeg's way."""
    quality = ops.reshape(ops.maximum(quality, 1.0), (-1, 1, 1))
    percent = ops.where(quality < 50, 5000.0 / quality, 200.0 - 2.0 * quality)
    table = ops.convert_to_tensor(table, "float32")
    scaled = ops.floor((table * ops.floor(percent) + 50.0) / 100.0)
    return ops.clip(scaled, 1.0, 255.0)


def _compress(planes, table):
    """Rounds the cosines of `(batch, planes, height, width)` planes.

    One matrix product along each axis turns pixels to cosines, or back.
    """
    shape = ops.shape(planes)
    _, number, height, width = shape
    cosines = _cosines()
    rows = (-1, number * height // _BLOCK, _BLOCK, width)
    columns = (-1, height * width // _BLOCK, _BLOCK)
    planes = ops.matmul(cosines, ops.reshape(planes, rows))
    planes = ops.matmul(ops.reshape(planes, columns), cosines.T)
    table = ops.tile(table, (1, 1, width // _BLOCK))[:, None]
    planes = ops.reshape(planes, rows)
    planes = ops.round(planes / table) * table
    planes = ops.matmul(ops.reshape(planes, columns), cosines)
    planes = ops.matmul(cosines.T, ops.reshape(planes, rows))
    return ops.round(ops.reshape(planes, shape))


def _cosines():
    """Returns the orthonormal cosine transform of a block, `(8, 8)`."""
    frequency, position = np.indices((_BLOCK, _BLOCK))
    cosines = np.cos(np.pi * frequency * (position + 0.5) / _BLOCK)
    cosines *= np.where(frequency == 0, 1.0, np.sqrt(2)) / np.sqrt(_BLOCK)
    return cosines.astype("float32")


def _halve(planes):
    """Averages 2 x 2 pixels, to whole levels."""
    batch, number, height, width = ops.shape(planes)
    cells = (batch, number, height // 2, 2, width // 2, 2)
    return ops.round(ops.mean(ops.reshape(planes, cells), axis=(3, 5)))


def _double(planes):
    """Enlarges planes bilinearly."""
    batch, number, height, width = ops.shape(planes)
    flat = ops.reshape(planes, (-1, height, width, 1))
    flat = bilinear_resize(flat, (2 * height, 2 * width))
    return ops.reshape(flat, (batch, number, 2 * height, 2 * width))
