"""Going through large images in bands of rows.

Formulas of whole images need many times the memory of the images themselves.
"""

# A band of more needs too much memory, of less too many calls.
_MAX_PIXELS = 2**21


def bands(size):
    """Returns the rows of an image, in slices of about two megapixels.

    Args:
        size: `(height, width)` of the image.
    """
    height, width = size
    rows = max(1, _MAX_PIXELS // max(1, width))
    return [
        slice(start, min(start + rows, height))
        for start in range(0, height, rows)
    ]
