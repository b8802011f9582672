"""Tile space: local windows of a feature map as batched matrix products.

The reference grid is cut into tiles of 4 x 8 pixels. Every pixel of a tile
looks at query pixels of one common window, `radius` pixels larger on each
side, so one matrix product of the tile's features with the window's features
holds every dot product the tile needs. Those within `radius` of a pixel form a
band of that product: pixel `(i, j)` of the tile owns the entries
`(i + dy, j + dx)` of the window, `dy` and `dx` in `0..2 * radius`. The band is
read and written by padding, reshaping and slicing alone.

Larger tiles compute more that is outside the band, smaller ones copy more
features into windows (docs/performance.md).

Slices go through `ops.slice`: the gradient of `x[..., a:b]` is an order of
magnitude slower on TensorFlow.
"""

import math

from keras import ops

HEIGHT, WIDTH = 4, 8
PIXELS = HEIGHT * WIDTH


def window_size(radius):
    """Returns the `(height, width)` of the window around a tile."""
    return HEIGHT + 2 * radius, WIDTH + 2 * radius


def count_tiles(height, width):
    """Returns how many rows and columns of tiles cover a map.

    Args:
        height: rows of the map, an integer or a tensor.
        width: columns of the map, likewise.
    """
    # Not by dividing a negative number, which ONNX would round up.
    return (height + HEIGHT - 1) // HEIGHT, (width + WIDTH - 1) // WIDTH


def cut_tiles(feature_map):
    """Cuts a map into tiles, zero-padded to whole tiles.

    Args:
        feature_map: `(batch, height, width, channels)`.

    Returns:
        `(batch, rows, columns, PIXELS, channels)`, pixels row-major.
    """
    batch, height, width, channels = ops.shape(feature_map)
    rows, columns = count_tiles(height, width)
    padded = _pad(
        feature_map,
        {1: (0, rows * HEIGHT - height), 2: (0, columns * WIDTH - width)},
    )
    x = ops.reshape(padded, (batch, rows, HEIGHT, columns, WIDTH, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return ops.reshape(x, (batch, rows, columns, PIXELS, channels))


def join_tiles(tiles, height, width):
    """Puts tiles back together, the inverse of `cut_tiles`.

    Args:
        tiles: `(batch, rows, columns, PIXELS, channels)`.
        height: rows of the map.
        width: columns of the map.

    Returns:
        `(batch, height, width, channels)`.
    """
    batch, rows, columns, _, channels = ops.shape(tiles)
    x = ops.reshape(tiles, (batch, rows, columns, HEIGHT, WIDTH, channels))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    x = ops.reshape(x, (batch, rows * HEIGHT, columns * WIDTH, channels))
    return ops.slice(x, (0, 0, 0, 0), (batch, height, width, channels))


def cut_windows(feature_map, radius):
    """Cuts the window around each tile, zero outside the map.

    Args:
        feature_map: `(batch, height, width, channels)`.
        radius: search radius in pixels.

    Returns:
        `(batch, rows, columns, window pixels, channels)`, pixels row-major.
    """
    batch, height, width, channels = ops.shape(feature_map)
    rows, columns = count_tiles(height, width)
    window_height, window_width = window_size(radius)
    margin = 2 * radius
    padded_height = rows * HEIGHT + margin
    padded_width = columns * WIDTH + margin
    padded = _pad(
        feature_map,
        {
            1: (radius, padded_height - height - radius),
            2: (radius, padded_width - width - radius),
        },
    )
    # Windows begin where runs of so many pixels do: whole runs are copied.
    run = math.gcd(WIDTH, margin)
    top = ops.arange(batch, dtype="int32") * padded_height
    y = ops.reshape(top, (-1, 1, 1)) + _offsets(rows, HEIGHT, window_height)
    y = ops.reshape(y, (batch, rows, 1, window_height, 1))
    x = _offsets(columns, WIDTH // run, window_width // run)
    index = y * (padded_width // run) + ops.expand_dims(x, 1)
    runs = ops.reshape(padded, (-1, run * channels))
    return ops.reshape(
        ops.take(runs, index, axis=0),
        (batch, rows, columns, window_height * window_width, channels),
    )


def _offsets(count, step, length):
    """Returns `(count, length)`: `length` numbers from each `step` on."""
    starts = ops.arange(count, dtype="int32") * step
    return ops.reshape(starts, (-1, 1)) + ops.arange(length, dtype="int32")


def extract_band(scores, radius):
    """Reads each pixel's own displacements out of its tile's scores.

    Args:
        scores: `(..., PIXELS, window pixels)`.
        radius: search radius in pixels.

    Returns:
        `(..., PIXELS, (2 * radius + 1)**2)`, dy slow and dx fast.
    """
    lead = tuple(ops.shape(scores)[:-2])
    height, width = window_size(radius)
    size, side = height * width, 2 * radius + 1
    count = math.prod(lead)
    # Entry (i, j, i + dy, j + dx) lies at i * (WIDTH * size + width)
    # + j * (size + 1) + dy * width + dx: a regular grid of its own.
    row = WIDTH * size
    x = ops.reshape(scores, (count, HEIGHT * row))
    x = ops.pad(x, ((0, 0), (0, HEIGHT * width)))
    x = ops.reshape(x, (count, HEIGHT, row + width))
    x = ops.slice(x, (0, 0, 0), (count, HEIGHT, row + WIDTH))
    x = ops.reshape(x, (count, PIXELS, size + 1))
    x = ops.slice(x, (0, 0, 0), (count, PIXELS, side * width))
    x = ops.reshape(x, (count, PIXELS * side, width))
    x = ops.slice(x, (0, 0, 0), (count, PIXELS * side, side))
    return ops.reshape(x, (*lead, PIXELS, side**2))


def lift_band(coefficients, radius):
    """Writes each pixel's displacements into its tile, zero elsewhere.

    Args:
        coefficients: `(..., PIXELS, (2 * radius + 1)**2)`.
        radius: search radius in pixels.

    Returns:
        `(..., PIXELS, window pixels)`: the adjoint of `extract_band`.
    """
    lead = tuple(ops.shape(coefficients)[:-2])
    height, width = window_size(radius)
    size, side = height * width, 2 * radius + 1
    count = math.prod(lead)
    row = WIDTH * size
    x = ops.reshape(coefficients, (count, PIXELS * side, side))
    x = ops.pad(x, ((0, 0), (0, 0), (0, width - side)))
    x = ops.reshape(x, (count, PIXELS, side * width))
    x = ops.pad(x, ((0, 0), (0, 0), (0, size + 1 - side * width)))
    x = ops.reshape(x, (count, HEIGHT, row + WIDTH))
    x = ops.pad(x, ((0, 0), (0, 0), (0, width - WIDTH)))
    x = ops.reshape(x, (count, HEIGHT * (row + width)))
    x = ops.slice(x, (0, 0), (count, HEIGHT * row))
    return ops.reshape(x, (*lead, PIXELS, size))


def multiply(tiles, windows):
    """Multiplies every pixel of a tile with every pixel of its window.

    Args:
        tiles: `(batch, rows, columns, PIXELS, channels)`.
        windows: `(batch, rows, columns, window pixels, channels)`.

    Returns:
        Scores `(batch, rows, columns, PIXELS, window pixels)`.
    """
    return ops.einsum("bhwpc,bhwqc->bhwpq", tiles, windows)


def multiply_transpose(scores, windows):
    """Sums window features weighted by scores, the adjoint of `multiply`.

    Args:
        scores: `(batch, rows, columns, PIXELS, window pixels)`.
        windows: `(batch, rows, columns, window pixels, channels)`.

    Returns:
        Tiles `(batch, rows, columns, PIXELS, channels)`.
    """
    # Its gradient is cheaper than that of `ops.einsum`, whose equation for
    # it transposes the scores.
    return ops.matmul(scores, windows)


def _pad(x, amounts):
    widths = [amounts.get(axis, (0, 0)) for axis in range(len(x.shape))]
    return ops.pad(x, widths)
