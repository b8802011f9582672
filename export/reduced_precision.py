"""A network that computes in bfloat16 where that is safe, and what it costs."""

import os

import numpy as np

import gocor_tf
from gocor_tf import models
from gocor_tf.data import read_image

_PAIR = os.path.join(os.path.dirname(gocor_tf.__file__), "demo_pair")


def to_bfloat16(model, preset):
    """Returns the same network under the policy "mixed_bfloat16".

    Its weights stay float32, and so do images, flows, GOCor's descent and the
    mixture.

    Args:
        model: network of the family, in float32.
        preset: its name.
    """
    network = models.load_model(preset, weights=None, dtype="mixed_bfloat16")
    network.set_weights(model.get_weights())
    return network


def describe_difference(model, other):
    """Says how far the flows of two networks differ on the packaged pair.

    Args:
        model: network of the family.
        other: another one.
    """
    pair = {
        role: read_image(os.path.join(_PAIR, name))[None].astype("float32")
        for role, name in (("reference", "1.jpg"), ("query", "6.jpg"))
    }
    flow, other_flow = (np.asarray(n(pair)["flow"]) for n in (model, other))
    difference = np.linalg.norm(other_flow - flow, axis=-1).mean()
    length = np.linalg.norm(flow, axis=-1).mean()
    return (
        f"mean flow difference between float32 and bfloat16: {difference:.2f} "
        f"px, of a mean flow of {length:.0f} px, on the packaged pair"
    )
