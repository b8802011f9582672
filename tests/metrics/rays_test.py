import numpy as np

from gocor_tf.metrics import rays

CAMERA = np.array([[500.0, 0, 300], [0, 250, 200], [0, 0, 1]])


def test_points_are_divided_by_the_focal_length():
    # (300, 200) is the centre; 50 px right of it are 50 / 500, down 50 / 250.
    positions = rays.to_rays([[300, 200], [350, 250]], CAMERA)
    np.testing.assert_allclose(positions, [[0, 0], [0.1, 0.2]], atol=1e-12)


def test_no_points_give_no_rays():
    assert rays.to_rays(np.zeros((0, 2)), CAMERA).shape == (0, 2)
