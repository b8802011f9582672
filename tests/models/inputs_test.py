import numpy as np
import pytest

from gocor_tf.models import inputs

IMAGE = np.zeros((1, 4, 5, 3))


def _pair(reference=IMAGE, query=IMAGE):
    return {"reference": reference, "query": query}


def test_pair_of_different_sizes_is_fine():
    inputs.check_pair(_pair(query=np.zeros((1, 1, 9, 3))))


@pytest.mark.parametrize(
    ("pair", "received"),
    [
        ({"reference": IMAGE}, r"a dict of \['reference'\]"),
        ([IMAGE, IMAGE], "a list"),
        (IMAGE, "a ndarray"),
    ],
)
def test_missing_image_is_named(pair, received):
    with pytest.raises(
        ValueError, match=f'`pair` must be a dict .*"query".*pair={received}'
    ):
        inputs.check_pair(pair)


@pytest.mark.parametrize("name", ["reference", "query"])
@pytest.mark.parametrize("shape", [(4, 5, 3), (1, 4, 5, 1), (1, 4, 5, 4)])
def test_other_than_rgb_images_are_named(name, shape):
    with pytest.raises(ValueError, match=f"`{name}` must be RGB images"):
        inputs.check_pair(_pair(**{name: np.zeros(shape)}))


def test_what_is_no_image_is_named():
    with pytest.raises(ValueError, match="`query` must be RGB images"):
        inputs.check_pair(_pair(query=None))


@pytest.mark.parametrize("shape", [(0, 4, 5, 3), (1, 0, 5, 3), (1, 4, 0, 3)])
def test_no_image_and_no_pixels_are_named(shape):
    with pytest.raises(ValueError, match="`query` must hold an image, at le"):
        inputs.check_pair(_pair(query=np.zeros(shape)))


def test_batches_of_different_length_are_named():
    with pytest.raises(
        ValueError, match="`query` must hold as many images as `reference`, 1"
    ):
        inputs.check_pair(_pair(query=np.zeros((2, 4, 5, 3))))
