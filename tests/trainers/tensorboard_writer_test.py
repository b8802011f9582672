import cv2
import numpy as np
import pytest

from gocor_tf.trainers import tensorboard_writer

event_accumulator = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator"
)


def read_events(folder):
    events = event_accumulator.EventAccumulator(
        str(folder), size_guidance={event_accumulator.TENSORS: 0}
    )
    events.Reload()
    return events


def read_images(events, tag):
    width, height, *images = events.Tensors(tag)[0].tensor_proto.string_val
    return int(width), int(height), images


def pairs(**more):
    images = np.full((2, 8, 10, 3), 300.0, "float32")
    flow = np.ones((2, 8, 10, 2), "float32")
    return {
        "reference": images,
        "query": images,
        "warped": images,
        "flow": flow,
        "true_flow": flow,
        "valid": np.ones((2, 8, 10, 1), "float32"),
        **more,
    }


def test_scalars_and_pictures_can_be_read_back(tmp_path):
    writer = tensorboard_writer.TensorBoardWriter(tmp_path)
    writer.write_scalars(5, {"train/loss": 2.5})
    writer.write_pictures(5, pairs())
    events = read_events(tmp_path)
    tags = events.Tags()["tensors"]
    assert "train/loss" in tags
    tag = "reference | query | warped query | flow | true flow"
    width, height, strips = read_images(events, tag)
    assert (width, height, len(strips)) == (50, 8, 2)


def test_confidence_and_mask_are_shown_where_known(tmp_path):
    writer = tensorboard_writer.TensorBoardWriter(tmp_path)
    confidence = np.full((2, 8, 10), 0.5, "float32")
    mask = np.zeros((2, 8, 10, 1), "float32")
    mask[:, 2:] = 1
    writer.write_pictures(5, pairs(confidence=confidence, mask=mask))
    events = read_events(tmp_path)
    (tag,) = events.Tags()["tensors"]
    assert tag.endswith("| true flow | confidence | loss mask")
    width, _, strips = read_images(events, tag)
    assert width == 70
    strip = cv2.imdecode(np.frombuffer(strips[0], "uint8"), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(strip[:2, 60:], 0)
    np.testing.assert_array_equal(strip[2:, 60:], 255)


def test_figures_of_any_size(tmp_path):
    writer = tensorboard_writer.TensorBoardWriter(tmp_path)
    sizes = {"one": (4, 6), "two": (8, 3)}
    writer.write_figures(
        5, {k: np.zeros((*size, 3), "uint8") for k, size in sizes.items()}
    )
    events = read_events(tmp_path)
    assert read_images(events, "one")[:2] == (6, 4)
    assert read_images(events, "two")[:2] == (3, 8)
