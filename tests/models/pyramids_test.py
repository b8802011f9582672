import numpy as np

from gocor_tf.models import CompactPyramid, VGGPyramid
from tests.test_case import TestCase


class PyramidTest(TestCase):
    def _images(self):
        rng = np.random.default_rng(0)
        return rng.normal(size=(1, 32, 48, 3)).astype("float32")

    def test_compact_pyramid(self):
        # Ten convolutions deep, bfloat16's eight bits add up.
        self.run_layer_test(
            CompactPyramid,
            {},
            {"images": self._images()},
            mixed_tolerance=5e-2,
        )

    def test_vgg_pyramid_stays_in_float64(self):
        (features,) = VGGPyramid(levels=(1,), dtype="float64")(self._images())
        features = np.asarray(features)
        self.assertTrue(np.any(features != features.astype("float32")))

    def test_vgg_pyramid_has_levels_coarse_to_fine(self):
        shapes = [level.shape for level in VGGPyramid()(self._images())]
        self.assertEqual(
            shapes, [(1, 2, 3, 512), (1, 4, 6, 256), (1, 8, 12, 128)]
        )
        announced = VGGPyramid().compute_output_shape((1, 32, 48, 3))
        self.assertEqual(shapes, announced)
