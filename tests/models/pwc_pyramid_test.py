import numpy as np

from gocor_tf.models import PWCPyramid
from tests.test_case import TestCase


class PWCPyramidTest(TestCase):
    def test_as_a_layer(self):
        rng = np.random.default_rng(0)
        images = rng.uniform(size=(1, 64, 96, 3)).astype("float32")
        # Eighteen convolutions deep, bfloat16's eight bits add up.
        self.run_layer_test(
            PWCPyramid, {}, {"images": images}, 36, mixed_tolerance=0.1
        )

    def test_levels_are_coarse_to_fine_and_round_up(self):
        shapes = PWCPyramid().compute_output_shape((2, 65, None, 3))
        self.assertEqual(
            shapes,
            [
                (2, 2, None, 196),
                (2, 3, None, 128),
                (2, 5, None, 96),
                (2, 9, None, 64),
                (2, 17, None, 32),
            ],
        )
        images = np.zeros((2, 65, 1, 3), "float32")
        heights = [level.shape[1] for level in PWCPyramid()(images)]
        self.assertEqual(heights, [shape[1] for shape in shapes])

    def test_cells_are_centred_on_every_second_pixel(self):
        pyramid = PWCPyramid()
        pyramid.build((None, None, None, 3))
        for convolution in pyramid.convolutions:
            kernel = np.zeros(convolution.kernel.shape)
            kernel[1, 1, 0, 0] = 1.0
            convolution.kernel.assign(kernel)
        rng = np.random.default_rng(0)
        images = rng.uniform(size=(1, 64, 128, 3)).astype("float32")
        for level, features in zip(
            (6, 5, 4, 3, 2), pyramid(images), strict=True
        ):
            step = 2**level
            self.assert_close(features[..., 0], images[:, ::step, ::step, 0])
