import keras
import numpy as np
import pytest

from gocor_tf.models import backbones

POLICY = keras.DTypePolicy("float32")


def create(backbone="compact", **kwargs):
    return backbones.create(backbone, "pyramid", True, POLICY, **kwargs)


def make_images(*sizes):
    rng = np.random.default_rng(0)
    return [rng.normal(size=(2, *size, 3)).astype("float32") for size in sizes]


@pytest.mark.parametrize("backbone", backbones.BACKBONES)
def test_pyramids_hold_only_what_their_levels_need(backbone):
    images = make_images((32, 48))[0]
    pyramid = create(backbone, levels=(3, 2))
    shapes = [level.shape[:3] for level in pyramid(images)]
    assert shapes == [(2, 4, 6), (2, 8, 12)]
    whole = create(backbone)
    assert len(whole(images)) == 3
    assert pyramid.count_params() < whole.count_params()


@pytest.mark.parametrize("backbone", backbones.BACKBONES)
def test_pyramids_compute_only_the_levels_asked_for(backbone):
    images = make_images((32, 48))[0]
    pyramid = create(backbone)
    all_levels = pyramid(images)
    announced = pyramid.compute_output_shape(images.shape, levels=(2, 3))
    for level, expected, shape in zip(
        pyramid(images, levels=(2, 3)),
        (all_levels[2], all_levels[1]),
        announced,
        strict=True,
    ):
        assert level.shape == shape
        np.testing.assert_array_equal(level, expected)


def test_pair_features_are_those_of_each_image():
    reference, query = make_images((32, 48), (32, 48))
    pyramid = create()
    pairs = backbones.pair_features(
        pyramid, reference, query, training=False, levels=(4,)
    )
    assert len(pairs) == 1
    for features, images in zip(pairs[0], (reference, query), strict=True):
        expected = pyramid(images, levels=(4,))[0]
        np.testing.assert_allclose(features, expected, atol=1e-5)


def test_glunet_features():
    reference, query, reference_256, query_256 = make_images(
        (32, 48), (32, 48), (64, 64), (64, 64)
    )
    features = backbones.glunet_features(
        create(levels=(4, 3)),
        create(levels=(3, 2)),
        {
            "reference": reference,
            "query": query,
            "reference_256": reference_256,
            "query_256": query_256,
        },
        training=False,
    )
    shapes = {
        level: [tuple(x.shape) for x in pair]
        for level, pair in features.items()
    }
    assert shapes == {
        4: [(2, 4, 4, 128)] * 2,
        3: [(2, 8, 8, 64)] * 2,
        2: [(2, 4, 6, 64)] * 2,
        1: [(2, 8, 12, 32)] * 2,
    }


def test_unknown_backbone_is_named():
    with pytest.raises(ValueError, match="`backbone` must be one of"):
        create("resnet")


@pytest.mark.parametrize("backbone", backbones.BACKBONES)
@pytest.mark.parametrize("levels", [(5, 4), ()])
def test_unknown_levels_are_named(backbone, levels):
    with pytest.raises(ValueError, match="`levels` must be of"):
        create(backbone, levels=levels)
