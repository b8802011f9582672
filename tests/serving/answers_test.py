import types

import numpy as np
import pytest

from gocor_tf.serving import ServingError, answers

PAIR = types.SimpleNamespace(
    reference=np.zeros((4, 6, 3), np.uint8), query=np.zeros((5, 5, 3), np.uint8)
)


def outputs(height, width, **changes):
    flow = np.full((1, height, width, 2), 3.0, np.float16)
    confidence = np.full((1, height, width), 0.25, np.float32)
    return {"flow": flow, "confidence": confidence, **changes}


def test_float32_of_the_references_size():
    match = answers.to_match(PAIR, outputs(4, 6))
    assert match.flow.dtype == match.confidence.dtype == np.float32
    assert match.flow.shape == (4, 6, 2)


def test_a_fixed_size_is_brought_to_the_references():
    sizes = np.array([[4, 6]])
    match = answers.to_match(PAIR, outputs(8, 8, reference_size=sizes))
    # Pixels of the original query already: the vectors stay as they are.
    np.testing.assert_array_equal(match.flow, np.full((4, 6, 2), 3.0))
    np.testing.assert_array_equal(match.confidence, np.full((4, 6), 0.25))


@pytest.mark.parametrize(
    ("received", "message"),
    [
        ({}, "`flow` of shape"),
        (outputs(8, 8), "`flow` of shape"),
        (outputs(4, 6, confidence=np.zeros(1)), "`confidence` of shape"),
        (
            outputs(4, 6, flow=np.full((1, 4, 6, 2), np.inf)),
            "`flow` must be finite",
        ),
    ],
)
def test_other_answers_are_refused(received, message):
    with pytest.raises(ServingError, match=message):
        answers.to_match(PAIR, received)
