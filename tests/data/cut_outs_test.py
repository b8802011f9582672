import cv2
import numpy as np
import pytest

from gocor_tf.data.cut_outs import PhotographCutOuts

SIZE = 260


@pytest.fixture(scope="module")
def cut_outs():
    rng = np.random.default_rng(0)
    images = rng.uniform(0, 255, (3, 12, 16, 3)).astype("float32")
    return PhotographCutOuts(
        [
            cv2.resize(i, (400, 300), interpolation=cv2.INTER_CUBIC)
            .clip(0, 255)
            .astype("uint8")
            for i in images
        ],
        SIZE,
    )


def test_shapes_have_a_soft_outline_inside_their_box(cut_outs):
    for seed in range(20):
        image = cut_outs.cut_out(np.random.default_rng(seed))
        alpha = image[..., 3]
        assert image.dtype == "uint8" and image.shape[2] == 4
        assert 0 < np.mean((alpha > 0) & (alpha < 255)) < 0.6
        rim = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
        assert rim.max() < 200


def test_objects_are_as_large_as_published_ones(cut_outs):
    areas = [
        (cut_outs.cut_out(np.random.default_rng(seed))[..., 3] > 127).mean()
        * np.prod(cut_outs.cut_out(np.random.default_rng(seed)).shape[:2])
        for seed in range(60)
    ]
    # 1300 px of 520 x 520, at half the size.
    assert np.mean(np.array(areas) > 300) > 0.9
    assert max(areas) < 0.5 * SIZE**2
    assert np.std(areas) > 0.3 * np.mean(areas)


def test_an_object_depends_on_the_generator_alone(cut_outs):
    one, two = (cut_outs.cut_out(np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_impossible_arguments_are_refused():
    with pytest.raises(ValueError, match="`size` must be > 0"):
        PhotographCutOuts([np.zeros((8, 8, 3), "uint8")], 0)
    with pytest.raises(ValueError, match="`images` must be a folder"):
        PhotographCutOuts([])
