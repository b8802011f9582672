"""From the flow between two stretched images to that between the originals."""

from keras import backend, ops

from gocor_tf.ops import flow as flow_ops
from gocor_tf.ops import resize


def unstretch_flow(flow, network_size, reference_size, query_size):
    """Returns the flow between images that a network saw at one size.

    Args:
        flow: `(batch, h, w, 2)`, any grid over the stretched reference, in
            pixels of the stretched images.
        network_size: `(height, width)` that both images were stretched to.
        reference_size: `(height, width)` of the reference before that.
        query_size: `(height, width)` of the query before that.

    Returns:
        `(batch, *reference_size, 2)`, float32 at least, in pixels of the
        query.

    Convention: coordinates map by `(p + 0.5) * scale - 0.5`. With equal sizes
    this is spec models.md, 9.2, steps 3 and 4.
    """
    dtype = backend.result_type(flow.dtype, "float32")
    flow = resize.bilinear_resize(ops.cast(flow, dtype), reference_size)
    query, reference, network = (
        _width_height(size, dtype)
        for size in (query_size, reference_size, network_size)
    )
    grid = ops.cast(flow_ops.coordinate_grid(*reference_size), dtype)
    stretch = query / reference - 1.0
    scale = query / network
    return flow * scale + (grid + 0.5) * stretch


def _width_height(size, dtype):
    height, width = size
    return ops.cast(ops.stack([width, height]), dtype)
