"""Tile space: local windows of a feature map as batched matrix products.

The reference grid is cut into tiles of 8 x 8 pixels. Every pixel of a tile
looks at query pixels of one common window of `size = 8 + 2 * radius` pixels a
side, so one matrix product of the tile's features with the window's features
holds every dot product the tile needs. Those within `radius` of a pixel form a
band of that product: pixel `(i, j)` of the tile owns the entries
`(i + dy, j + dx)` of the window, `dy` and `dx` in `0..2 * radius`. The band is
read and written by padding, reshaping and slicing alone.

Slices go through `ops.slice`: the gradient of `x[..., a:b]` is an order of
magnitude slower on TensorFlow.
"""

import math

from keras import ops

TILE = 8


def count_tiles(length):
    """Returns how many tiles cover a side of a map, an integer or a tensor."""
    # Not by dividing a negative number, which ONNX would round up.
    return (length + TILE - 1) // TILE


def cut_tiles(feature_map):
    """Cuts a map into tiles, zero-padded to whole tiles.

    Args:
        feature_map: `(batch, height, width, channels)`.

    Returns:
        `(batch, rows, columns, 64, channels)`, pixels row-major.
    """
    batch, height, width, channels = ops.shape(feature_map)
    rows, columns = count_tiles(height), count_tiles(width)
    padded = _pad(
        feature_map,
        {1: (0, rows * TILE - height), 2: (0, columns * TILE - width)},
    )
    return ops.reshape(
        _split_blocks(padded, rows, columns),
        (batch, rows, columns, TILE * TILE, channels),
    )


def join_tiles(tiles, height, width):
    """Puts tiles back together, the inverse of `cut_tiles`.

    Args:
        tiles: `(batch, rows, columns, 64, channels)`.
        height: rows of the map.
        width: columns of the map.

    Returns:
        `(batch, height, width, channels)`.
    """
    batch, rows, columns, _, channels = ops.shape(tiles)
    x = ops.reshape(tiles, (batch, rows, columns, TILE, TILE, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    x = ops.reshape(x, (batch, rows * TILE, columns * TILE, channels))
    return ops.slice(x, (0, 0, 0, 0), (batch, height, width, channels))


def cut_windows(feature_map, radius):
    """Cuts the window around each tile, zero outside the map.

    Args:
        feature_map: `(batch, height, width, channels)`.
        radius: search radius in pixels.

    Returns:
        `(batch, rows, columns, size * size, channels)`, where `size` is
        `8 + 2 * radius`, pixels row-major.
    """
    batch, height, width, channels = ops.shape(feature_map)
    rows, columns = count_tiles(height), count_tiles(width)
    margin = 2 * radius
    size = TILE + margin
    padded_height, padded_width = rows * TILE + margin, columns * TILE + margin
    padded = _pad(
        feature_map,
        {
            1: (radius, padded_height - height - radius),
            2: (radius, padded_width - width - radius),
        },
    )
    # Windows begin where runs of so many pixels do: whole runs are copied.
    run = math.gcd(TILE, margin)
    top = ops.arange(batch, dtype="int32") * padded_height
    y = ops.reshape(top, (-1, 1, 1)) + _offsets(rows, TILE, size)
    x = _offsets(columns, TILE // run, size // run)
    index = ops.reshape(y * (padded_width // run), (batch, rows, 1, size, 1))
    index = index + ops.expand_dims(x, 1)
    runs = ops.reshape(padded, (-1, run * channels))
    return ops.reshape(
        ops.take(runs, index, axis=0),
        (batch, rows, columns, size * size, channels),
    )


def _offsets(count, step, length):
    """Returns `(count, length)`: `length` numbers from each `step` on."""
    starts = ops.arange(count, dtype="int32") * step
    return ops.reshape(starts, (-1, 1)) + ops.arange(length, dtype="int32")


def extract_band(scores, radius):
    """Reads each pixel's own displacements out of its tile's scores.

    Args:
        scores: `(..., 64, size * size)`.
        radius: search radius in pixels.

    Returns:
        `(..., 64, (2 * radius + 1)**2)`, dy slow and dx fast.
    """
    lead = tuple(ops.shape(scores)[:-2])
    size, side = TILE + 2 * radius, 2 * radius + 1
    count = math.prod(lead)
    # Entry (i, j, i + dy, j + dx) lies at i * (TILE * size**2 + size)
    # + j * (size**2 + 1) + dy * size + dx: a regular grid of its own.
    row = TILE * size**2
    x = ops.reshape(scores, (count, TILE * row))
    x = ops.pad(x, ((0, 0), (0, TILE * size)))
    x = ops.reshape(x, (count, TILE, row + size))
    x = ops.slice(x, (0, 0, 0), (count, TILE, row + TILE))
    x = ops.reshape(x, (count, TILE * TILE, size**2 + 1))
    x = ops.slice(x, (0, 0, 0), (count, TILE * TILE, side * size))
    x = ops.reshape(x, (count, TILE * TILE * side, size))
    x = ops.slice(x, (0, 0, 0), (count, TILE * TILE * side, side))
    return ops.reshape(x, (*lead, TILE * TILE, side**2))


def lift_band(coefficients, radius):
    """Writes each pixel's displacements into its tile, zero elsewhere.

    Args:
        coefficients: `(..., 64, (2 * radius + 1)**2)`.
        radius: search radius in pixels.

    Returns:
        `(..., 64, size * size)`: the adjoint of `extract_band`.
    """
    lead = tuple(ops.shape(coefficients)[:-2])
    size, side = TILE + 2 * radius, 2 * radius + 1
    count = math.prod(lead)
    row = TILE * size**2
    x = ops.reshape(coefficients, (count, TILE * TILE * side, side))
    x = ops.pad(x, ((0, 0), (0, 0), (0, size - side)))
    x = ops.reshape(x, (count, TILE * TILE, side * size))
    x = ops.pad(x, ((0, 0), (0, 0), (0, size**2 + 1 - side * size)))
    x = ops.reshape(x, (count, TILE, row + TILE))
    x = ops.pad(x, ((0, 0), (0, 0), (0, size - TILE)))
    x = ops.reshape(x, (count, TILE * (row + size)))
    x = ops.slice(x, (0, 0), (count, TILE * row))
    return ops.reshape(x, (*lead, TILE * TILE, size**2))


def multiply(tiles, windows):
    """Multiplies every pixel of a tile with every pixel of its window.

    Args:
        tiles: `(batch, rows, columns, 64, channels)`.
        windows: `(batch, rows, columns, size * size, channels)`.

    Returns:
        Scores `(batch, rows, columns, 64, size * size)`.
    """
    return ops.einsum("bhwpc,bhwqc->bhwpq", tiles, windows)


def multiply_transpose(scores, windows):
    """Sums window features weighted by scores, the adjoint of `multiply`.

    Args:
        scores: `(batch, rows, columns, 64, size * size)`.
        windows: `(batch, rows, columns, size * size, channels)`.

    Returns:
        Tiles `(batch, rows, columns, 64, channels)`.
    """
    # Its gradient is cheaper than that of `ops.einsum`, whose equation for
    # it transposes the scores.
    return ops.matmul(scores, windows)


def _pad(x, amounts):
    widths = [amounts.get(axis, (0, 0)) for axis in range(len(x.shape))]
    return ops.pad(x, widths)


def _split_blocks(x, rows, columns):
    """Orders a padded map as `(batch, rows, columns, 8, 8, channels)`."""
    batch, _, _, channels = ops.shape(x)
    x = ops.reshape(x, (batch, rows, TILE, columns, TILE, channels))
    return ops.transpose(x, (0, 1, 3, 2, 4, 5))
