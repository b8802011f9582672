import pytest

from gocor_tf.bands import bands


@pytest.mark.parametrize("size", [(4000, 6000), (7, 5), (3, 2**22), (1, 0)])
def test_bands_hold_every_row_once(size):
    rows = [row for band in bands(size) for row in range(size[0])[band]]
    assert rows == list(range(size[0]))


def test_bands_are_small():
    heights = [band.stop - band.start for band in bands((4000, 6000))]
    assert len(heights) > 1 and max(heights) * 6000 <= 2**21


def test_a_small_image_is_one_band():
    assert bands((480, 640)) == [slice(0, 480)]
