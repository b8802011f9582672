import numpy as np

from gocor_tf.data import object_layers
from gocor_tf.data.object_layers import MovingObject

SIZE = 40


def _square(value, corner, step, alpha=255):
    image = np.full((10, 10, 4), value, "uint8")
    image[..., 3] = alpha
    motion = np.eye(3)
    motion[:2, 2] = step
    return MovingObject(image, np.array(corner), motion)


def test_objects_are_cut_off_at_the_borders_of_the_reference():
    layers = object_layers.compose([_square(200, (-6, 30), (20, 0))], SIZE, 1)
    expected = np.zeros((SIZE, SIZE))
    expected[30:, 20:24] = 200
    np.testing.assert_array_equal(layers["query"][..., 0], expected)
    np.testing.assert_array_equal(layers["in_query"], expected > 0)
    assert np.all(layers["last"][30:, :4] == 1)
    assert layers["last"].sum() == 40


def test_later_objects_are_in_front():
    objects = [_square(100, (5, 5), (0, 0)), _square(200, (10, 5), (0, 5))]
    layers = object_layers.compose(objects, SIZE, 2)
    row = layers["reference"][7, :, 0]
    np.testing.assert_array_equal(row[5:10], 100)
    np.testing.assert_array_equal(row[10:20], 200)
    np.testing.assert_array_equal(
        layers["last"][7, [4, 5, 9, 10]], [0, 1, 1, 2]
    )
    # Bits: the second object lies over the lower right of the first.
    assert layers["in_query"][7, 12] == 1
    assert layers["in_query"][12, 12] == 3
    assert layers["in_query"][17, 12] == 2


def test_objects_that_the_query_does_not_show_move_nothing():
    objects = [_square(100, (5, 5), (0, 0)), _square(200, (5, 5), (50, 0))]
    layers = object_layers.compose(objects, SIZE, 2)
    assert np.all(layers["last"][5:15, 5:15] == 2)
    assert np.all(layers["moved_by"][5:15, 5:15] == 1)


def test_colours_are_multiplied_by_alpha():
    objects = [_square(200, (5, 5), (0, 0), alpha=51)] * 2
    layers = object_layers.compose(objects, SIZE, 2)
    # 0.2 * 200, then 0.2 * 200 + 0.8 * 40.
    np.testing.assert_array_equal(layers["reference"][7, 7], [72, 72, 72, 92])
    assert not layers["last"].any()
