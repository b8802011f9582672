"""Photographs from files and arrays, checked and converted to RGB."""

import concurrent.futures
import os
import zlib

import cv2
import numpy as np
from absl import logging

EXTENSIONS = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def read_image(path):
    """Reads an image file as RGB, upright as its EXIF orientation says.

    Grey images are repeated over the channels, transparency is dropped, and
    16-bit values are reduced to 8 bits.

    Args:
        path: name of a JPEG, PNG, WebP, TIFF or BMP file.

    Returns:
        `(height, width, 3)` uint8 RGB.

    Raises:
        ValueError: if the file cannot be read, is cut short, or is no image.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise ValueError(
            f"Cannot read image '{path}': {error.strerror}. Pass the name of "
            "an existing, readable image file."
        ) from error
    return decode_image(data, f"image '{path}'")


def decode_image(data, name="image"):
    """Decodes the bytes of an image file; see `read_image`.

    Args:
        data: the whole file, as bytes.
        name: what to call it in an error.

    Returns:
        `(height, width, 3)` uint8 RGB.

    Raises:
        ValueError: if the bytes are cut short or are no image.
    """
    if not data:
        raise ValueError(f"Cannot read {name}: it is empty. Copy it again.")
    if not _is_complete(data):
        raise ValueError(
            f"Cannot read {name}: it is cut short or damaged. Copy it again."
        )
    try:
        image = cv2.imdecode(
            np.frombuffer(data, dtype="uint8"), cv2.IMREAD_COLOR
        )
    except cv2.error as error:
        raise ValueError(
            f"Cannot read {name}: {error.err}. Convert it to PNG or JPEG."
        ) from error
    if image is None:
        raise ValueError(
            f"Cannot read {name}: it is not an image that OpenCV knows. "
            "Convert it to PNG or JPEG."
        )
    return np.ascontiguousarray(image[..., ::-1])


def encode_png(image):
    """Encodes an image as PNG.

    Args:
        image: `(height, width, 3)` uint8 RGB, or `(height, width)` grey.

    Returns:
        The bytes of a PNG file.
    """
    image = image[..., ::-1] if image.ndim == 3 else image
    return cv2.imencode(".png", np.ascontiguousarray(image))[1].tobytes()


def check_image(image, name="image"):
    """Checks an image that was passed as an array.

    Args:
        image: `(height, width, 3)` RGB in 0..255, uint8 or another real type.
        name: what to call it in an error.

    Returns:
        The image as an array: uint8 if it was, else float32.

    Raises:
        ValueError: if shape, type or values are not those of an image.
    """
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[-1] != 3 or 0 in image.shape:
        raise ValueError(
            f"`{name}` must be an RGB image of shape (height, width, 3). "
            f"Received: {name}.shape={image.shape}"
        )
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.bool_ or image.dtype.kind not in "uif":
        raise ValueError(
            f"`{name}` must hold numbers in 0..255, best as uint8. "
            f"Received: {name}.dtype={image.dtype}"
        )
    low, high = float(image.min()), float(image.max())
    if not (low >= 0.0 and high <= 255.0):
        raise ValueError(
            f"`{name}` must hold finite values in 0..255. "
            f"Received: {name}.min()={low}, {name}.max()={high}"
        )
    return image.astype("float32")


def list_photographs(image_dir, min_side=16):
    """Lists the usable images of a folder and its subfolders, sorted.

    Every file is read once. Broken and tiny ones are skipped, counted and
    logged.

    Args:
        image_dir: the folder.
        min_side: smallest usable height and width, in pixels.

    Returns:
        A list of file names.

    Raises:
        ValueError: if no image is usable; the message has the first reasons.
    """
    if not os.path.isdir(image_dir):
        raise ValueError(
            f"`image_dir` must be a folder of photographs. "
            f"Received: image_dir='{image_dir}'"
        )
    paths = sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(image_dir)
        for name in names
        if name.lower().endswith(EXTENSIONS)
    )
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        problems = list(pool.map(lambda p: _find_problem(p, min_side), paths))
    usable = [
        p for p, problem in zip(paths, problems, strict=True) if not problem
    ]
    problems = [problem for problem in problems if problem]
    if not usable:
        reasons = "; ".join(problems[:3]) or (
            "it has no file ending in " + ", ".join(EXTENSIONS)
        )
        raise ValueError(
            f"`image_dir` must hold at least one usable image. "
            f"Received: image_dir='{image_dir}': {reasons}"
        )
    if problems:
        logging.warning(
            "Skipped %d of %d images in %s: %s",
            len(problems),
            len(paths),
            image_dir,
            "; ".join(problems[:3]),
        )
    return usable


def split_photographs(paths, every=20):
    """Splits a list into training and validation photographs.

    Args:
        paths: sorted file names, or photographs.
        every: one in so many is held out for validation. Fewer photographs
            than this give one for validation; a single one serves as both.

    Returns:
        Two lists: training, validation.
    """
    paths = list(paths)
    if every < 2:
        raise ValueError(f"`every` must be > 1. Received: every={every}")
    if len(paths) == 1:
        return paths, paths
    every = min(every, len(paths))
    held_out = paths[every - 1 :: every]
    del paths[every - 1 :: every]
    return paths, held_out


def _find_problem(path, min_side):
    """Returns why a file is no usable photograph, or None."""
    try:
        height, width = read_image(path).shape[:2]
    except ValueError as error:
        return str(error)
    if min(height, width) < min_side:
        return f"image '{path}' is {height} x {width} pixels, too small"
    return None


def _is_complete(data):
    """Tells whether a file has its end; True for formats without a mark."""
    if data.startswith(b"\xff\xd8"):
        return _is_complete_jpeg(data)
    if data.startswith(_PNG_SIGNATURE):
        return is_complete_png(data)
    if data.startswith(b"RIFF"):
        return len(data) >= 8 + int.from_bytes(data[4:8], "little")
    return True


def _is_complete_jpeg(data):
    """Looks for the end mark after the scan, not in an embedded thumbnail."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == 0xDA:
            return data.find(b"\xff\xd9", position) >= 0
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return False


def is_complete_png(data):
    """Walks the chunks, with their check sums, to the last one."""
    position = len(_PNG_SIGNATURE)
    while position + 12 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        end = position + 12 + length
        chunk = data[position + 4 : end - 4]
        if zlib.crc32(chunk) != int.from_bytes(data[end - 4 : end], "big"):
            return False
        if chunk.startswith(b"IEND"):
            return True
        position = end
    return False
