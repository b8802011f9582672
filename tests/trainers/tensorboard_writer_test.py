import numpy as np
import pytest

from gocor_tf.trainers import tensorboard_writer

event_accumulator = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator"
)


def test_scalars_and_pictures_can_be_read_back(tmp_path):
    writer = tensorboard_writer.TensorBoardWriter(tmp_path)
    writer.write_scalars(5, {"train/loss": 2.5})
    images = np.full((2, 8, 10, 3), 300.0, "float32")
    flow = np.ones((2, 8, 10, 2), "float32")
    writer.write_pictures(
        5,
        {
            "reference": images,
            "query": images,
            "warped": images,
            "flow": flow,
            "true_flow": flow,
        },
    )
    events = event_accumulator.EventAccumulator(
        str(tmp_path), size_guidance={event_accumulator.TENSORS: 0}
    )
    events.Reload()
    tags = events.Tags()["tensors"]
    assert "train/loss" in tags
    pictures = [tag for tag in tags if "warped query" in tag]
    width, height, *strips = events.Tensors(pictures[0])[
        0
    ].tensor_proto.string_val
    assert (width, height, len(strips)) == (b"50", b"8", 2)
