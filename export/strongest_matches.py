"""The strongest matches of a flow, spread over the image, inside the graph."""

import tensorflow as tf

from . import original_pixels


def strongest_matches(flow, confidence, reference_size, query_size, number):
    """Returns the surest match of each of about `number` square cells.

    The cells tile the reference. A match that ends outside the query does not
    count.

    Args:
        flow: `(batch, height, width, 2)`, on a grid over the reference, in
            pixels of the original images.
        confidence: `(batch, height, width)`.
        reference_size: `(batch, 2)`, (height, width) of the original.
        query_size: `(batch, 2)`, likewise.
        number: how many matches to return.

    Returns:
        Dict of float32 tensors, the surest match first: `reference_xy` and
        `query_xy`, both `(batch, number, 2)`, in pixels of the original
        images, and `confidence`, `(batch, number)`. Where there are fewer
        matches, the rest is 0.
    """
    batch, height, width = tf.unstack(tf.shape(confidence))
    grid = original_pixels.grid(height, width)
    query_xy = flow + original_pixels.positions(
        grid, (height, width), reference_size[:, None, None, :]
    )
    last = tf.cast(query_size, tf.float32)[:, None, None, ::-1] - 1
    inside = tf.reduce_all((query_xy >= 0) & (query_xy <= last), axis=-1)
    best, x, y = _best_of_cells(
        tf.where(inside, confidence, 0), _cell_side(height, width, number)
    )
    best, order = tf.math.top_k(best, tf.minimum(number, tf.shape(best)[1]))
    x, y = (tf.gather(axis, order, batch_dims=1) for axis in (x, y))
    flow = tf.gather_nd(flow, tf.stack([y, x], axis=-1), batch_dims=1)
    cells = tf.cast(tf.stack([x, y], axis=-1), tf.float32)
    reference_xy = original_pixels.positions(
        cells, (height, width), reference_size[:, None, :]
    )
    found = tf.cast(best > 0, tf.float32)[..., None]
    answer = {
        "reference_xy": reference_xy * found,
        "query_xy": (reference_xy + flow) * found,
        "confidence": best,
    }
    return {key: _pad(value, number) for key, value in answer.items()}


def _cell_side(height, width, number):
    pixels = tf.cast(height, tf.float32) * tf.cast(width, tf.float32)
    return tf.cast(tf.math.ceil(tf.sqrt(pixels / number)), tf.int32)


def _best_of_cells(score, side):
    """Returns score, x and y of the best pixel of each cell, row by row."""
    batch, height, width = tf.unstack(tf.shape(score))
    rows, columns = -(-height // side), -(-width // side)
    padding = [(0, 0), (0, rows * side - height), (0, columns * side - width)]
    score = tf.pad(score, padding, constant_values=-1.0)
    cells = tf.reshape(score, (batch, rows, side, columns, side))
    cells = tf.transpose(cells, (0, 1, 3, 2, 4))
    cells = tf.reshape(cells, (batch, rows * columns, side * side))
    best = tf.argmax(cells, axis=-1, output_type=tf.int32)
    cell = tf.range(rows * columns)
    x = cell % columns * side + best % side
    y = cell // columns * side + best // side
    return tf.reduce_max(cells, axis=-1), x, y


def _pad(values, number):
    missing = number - tf.shape(values)[1]
    padding = [(0, 0), (0, missing), (0, 0)][: values.shape.rank]
    values = tf.pad(values, padding)
    return tf.ensure_shape(values, (None, number, *values.shape[2:]))
