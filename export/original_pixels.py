"""From a grid over stretched images to pixels of the images themselves.

Convention: coordinates map by `(p + 0.5) * scale - 0.5`.
"""

import tensorflow as tf


def grid(height, width):
    """Returns the `(height, width, 2)` float32 coordinates (x, y) of a grid."""
    x, y = tf.meshgrid(tf.range(width), tf.range(height))
    return tf.cast(tf.stack([x, y], axis=-1), tf.float32)


def positions(cells, grid_size, size):
    """Returns where cells of a grid over an image lie in the image.

    Args:
        cells: `(..., 2)` float32, (x, y) on the grid.
        grid_size: (height, width) of the grid, integers or scalar tensors.
        size: `(..., 2)` integers, (height, width) of the image.

    Returns:
        `(..., 2)` float32, (x, y) in pixels of the image.
    """
    height, width = grid_size
    scale = _width_height(size) / _width_height(tf.stack([height, width]))
    return (cells + 0.5) * scale - 0.5


def flow_between(flow, reference_size, query_size):
    """Returns the flow between images that a network saw at one size.

    Args:
        flow: `(batch, height, width, 2)` on a grid over the reference, in
            pixels of that grid.
        reference_size: `(batch, 2)` integers, (height, width) of each.
        query_size: `(batch, 2)` integers, likewise.

    Returns:
        `(batch, height, width, 2)` float32: from where a cell of the grid
        lies in its reference to where its match lies in its query.
    """
    grid_size = tf.unstack(tf.shape(flow)[1:3])
    cells = grid(*grid_size)
    ends = positions(cells + flow, grid_size, query_size[:, None, None, :])
    return ends - positions(cells, grid_size, reference_size[:, None, None, :])


def _width_height(size):
    return tf.cast(size, tf.float32)[..., ::-1]
