"""Flow fields: coordinates, mappings, and resizing."""

from keras import backend, ops

from gocor_tf.ops import resize


def coordinate_grid(height, width):
    """Returns the coordinates of every pixel centre.

    Args:
        height: number of rows, an integer or a scalar integer tensor.
        width: number of columns, likewise.

    Returns:
        `(height, width, 2)` float32 tensor of (x, y), in pixels.
    """
    x = ops.arange(width, dtype="float32")
    y = ops.arange(height, dtype="float32")
    return ops.stack(ops.meshgrid(x, y), axis=-1)


def flow_to_mapping(flow):
    """Adds each pixel's own coordinates to its flow vector.

    Args:
        flow: `(batch, height, width, 2)` tensor, in pixels.

    Returns:
        Float32 tensor of the same shape: where each pixel lands, in pixels.
    """
    flow = _cast_coordinates(flow)
    return flow + _grid_of(flow)


def mapping_to_flow(mapping):
    """Subtracts each pixel's own coordinates from where it lands.

    Args:
        mapping: `(batch, height, width, 2)` tensor, in pixels.

    Returns:
        Float32 tensor of the same shape: the flow, in pixels.
    """
    mapping = _cast_coordinates(mapping)
    return mapping - _grid_of(mapping)


def normalized_mapping_to_flow(mapping):
    """Converts a mapping scaled to [-1, 1] to a flow in cells of its grid.

    Convention: -1 is the centre of the first cell and 1 that of the last, as
    the released mapping decoders predict. Nothing else here is scaled so.

    Args:
        mapping: `(batch, height, width, 2)` tensor of (x, y) in [-1, 1].

    Returns:
        Float32 tensor of the same shape: the flow, in cells of this grid.
    """
    mapping = _cast_coordinates(mapping)
    height, width = ops.shape(mapping)[1:3]
    last = ops.cast(ops.stack([width - 1, height - 1]), mapping.dtype)
    return mapping_to_flow((mapping + 1) * last / 2)


def resize_flow(flow, size):
    """Resizes a flow bilinearly and scales its vectors to the new grid.

    Args:
        flow: `(batch, height, width, 2)` tensor, in pixels of its own grid.
        size: new `(height, width)`, integers or scalar integer tensors.

    Returns:
        `(batch, *size, 2)` float32 tensor, in pixels of the new grid.
    """
    flow = _cast_coordinates(flow)
    height, width = ops.shape(flow)[1:3]
    new = ops.cast(ops.stack([size[1], size[0]]), flow.dtype)
    old = ops.cast(ops.stack([width, height]), flow.dtype)
    return resize.bilinear_resize(flow, size) * (new / old)


def _cast_coordinates(coordinates):
    """Casts to float32 at least: 16 bits have no subpixels beyond 512."""
    dtype = backend.result_type(coordinates.dtype, "float32")
    return ops.cast(coordinates, dtype)


def _grid_of(flow):
    """Returns the coordinate grid of a flow, in the flow's dtype."""
    height, width = ops.shape(flow)[1:3]
    return ops.cast(coordinate_grid(height, width), flow.dtype)
