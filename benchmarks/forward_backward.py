"""The embedded default with another confidence: the way there and back.

gocor-evaluate --pairs=pairs.json --baseline=benchmarks.forward_backward:match

compares the probability that the network gives with what the same flow, found
a second time from the query to the reference, says about it.
"""

import functools

import keras

from gocor_tf import Matcher
from gocor_tf.ops import consistency


def match(reference, query):
    """Returns the default's flow, and its consistency as confidence.

    Args:
        reference: `(height, width, 3)` uint8 RGB.
        query: `(query_height, query_width, 3)` uint8 RGB.
    """
    matcher = _matcher()
    flow = matcher(reference, query).flow
    backward_flow = matcher(query, reference).flow
    confidence = consistency.forward_backward_confidence(
        flow[None], backward_flow[None]
    )
    return flow, keras.ops.convert_to_numpy(confidence)[0]


@functools.cache
def _matcher():
    return Matcher()
