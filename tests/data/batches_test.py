import numpy as np

from gocor_tf.data.batches import make_batch


class _Numbers:
    def pair(self, number):
        return {
            "number": np.float32(number),
            "image": np.full((2, 3), number, "uint8"),
        }


def test_pairs_are_stacked_in_order():
    batch = make_batch(_Numbers(), [4, 2, 7])
    assert batch["number"].tolist() == [4, 2, 7]
    assert batch["image"].shape == (3, 2, 3)
    assert batch["image"].dtype == np.uint8
    assert batch["image"][2, 0, 0] == 7
