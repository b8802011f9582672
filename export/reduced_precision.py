"""A network that computes in bfloat16 where that is safe, and what it costs."""

import numpy as np

from gocor_tf import models
from gocor_tf.data import packaged_pair, read_image


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
        role: read_image(path)[None].astype("float32")
        for role, path in (
            ("reference", packaged_pair.REFERENCE),
            ("query", packaged_pair.QUERY),
        )
    }
    flow, other_flow = (np.asarray(n(pair)["flow"]) for n in (model, other))
    difference = np.linalg.norm(other_flow - flow, axis=-1).mean()
    length = np.linalg.norm(flow, axis=-1).mean()
    return (
        f"mean flow difference between float32 and bfloat16: {difference:.2f} "
        f"px, of a mean flow of {length:.0f} px, on the packaged pair"
    )
