"""Flow files: Middlebury `.flo` and KITTI 16-bit PNG.

`.flo`: little-endian; float32 202021.25, int32 width and height, then float32
(x, y) vectors, row by row. KITTI: PNG of 16-bit RGB, `x = (red - 32768) / 64`,
`y = (green - 32768) / 64`, valid where blue is not 0.
"""

import struct

import cv2
import numpy as np

from gocor_tf.data import atomic, photographs

_FLO_MAGIC = struct.pack("<f", 202021.25)
_KITTI_SCALE = 64.0
_KITTI_ZERO = 32768.0


def read_flo(path):
    """Reads a Middlebury `.flo` file.

    Args:
        path: name of the file.

    Returns:
        `(height, width, 2)` float32 flow, in pixels. Vectors that the format
        marks as unknown are beyond 1e9.

    Raises:
        ValueError: if the file cannot be read, is cut short, or is no `.flo`.
    """
    data = _read(path)
    if len(data) < 12 or data[:4] != _FLO_MAGIC:
        raise ValueError(
            f"Cannot read flow '{path}': it is not a .flo file. Pass a "
            "Middlebury .flo file."
        )
    width, height = struct.unpack("<ii", data[4:12])
    if min(width, height) < 1 or len(data) != 12 + 8 * width * height:
        raise ValueError(
            f"Cannot read flow '{path}': its {len(data)} bytes do not fit "
            f"{height} x {width} vectors. Copy it again."
        )
    flow = np.frombuffer(data, dtype="<f4", offset=12)
    return flow.reshape(height, width, 2).astype("float32")


def write_flo(path, flow):
    """Writes a Middlebury `.flo` file, whole or not at all.

    Args:
        path: name of the file.
        flow: `(height, width, 2)`, in pixels.

    Raises:
        ValueError: if the shape is another, or the file cannot be written.
    """
    flow = _check_flow(flow)
    height, width = flow.shape[:2]
    header = _FLO_MAGIC + struct.pack("<ii", width, height)
    atomic.write_bytes(path, header + flow.astype("<f4").tobytes())


def read_kitti_flow(path):
    """Reads a flow stored as a KITTI 16-bit PNG.

    Args:
        path: name of the file.

    Returns:
        `(height, width, 2)` float32 flow, in pixels, and `(height, width)`
        bool, where it is known. Unknown vectors are 0.

    Raises:
        ValueError: if the file cannot be read, is cut short, or is another
            kind of PNG.
    """
    data = _read(path)
    image = None
    if photographs.is_complete_png(data):
        image = cv2.imdecode(
            np.frombuffer(data, dtype="uint8"), cv2.IMREAD_UNCHANGED
        )
    if image is None:
        raise ValueError(
            f"Cannot read flow '{path}': it is cut short, damaged or not a "
            "PNG file. Copy it again."
        )
    if image.dtype != np.uint16 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            f"Cannot read flow '{path}': it is not a 16-bit RGB PNG. Pass a "
            "flow file in KITTI's format."
        )
    valid = image[..., 0] > 0
    flow = (image[..., :0:-1].astype("float32") - _KITTI_ZERO) / _KITTI_SCALE
    return np.where(valid[..., None], flow, 0).astype("float32"), valid


def write_kitti_flow(path, flow, valid=None):
    """Writes a flow as a KITTI 16-bit PNG, whole or not at all.

    Vectors are rounded to 1/64 pixel. Those beyond -512..511.98 pixels, and
    those that are not finite, are stored as unknown.

    Args:
        path: name of the file.
        flow: `(height, width, 2)`, in pixels.
        valid: `(height, width)` mask, true where the flow is known; `None`
            for everywhere.

    Raises:
        ValueError: if a shape is another, or the file cannot be written.
    """
    flow = _check_flow(flow)
    known = np.ones(flow.shape[:2], bool) if valid is None else valid
    known = np.asarray(known) > 0
    if known.shape != flow.shape[:2]:
        raise ValueError(
            f"`valid` must have shape {flow.shape[:2]}. "
            f"Received: valid.shape={known.shape}"
        )
    levels = np.rint(flow * _KITTI_SCALE + _KITTI_ZERO)
    known = known & ((levels >= 0) & (levels <= 65535)).all(axis=-1)
    image = np.zeros((*known.shape, 3), "uint16")
    image[..., 0] = known
    image[..., :0:-1] = np.where(known[..., None], levels, 0)
    atomic.write_bytes(path, cv2.imencode(".png", image)[1].tobytes())


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ValueError(
            f"Cannot read flow '{path}': {error.strerror}. Pass the name of "
            "an existing, readable flow file."
        ) from error


def _check_flow(flow):
    flow = np.asarray(flow, "float32")
    if flow.ndim != 3 or flow.shape[-1] != 2 or 0 in flow.shape:
        raise ValueError(
            "`flow` must have shape (height, width, 2). "
            f"Received: flow.shape={flow.shape}"
        )
    return flow
