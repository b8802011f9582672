"""Loss scaling: keeps float16's small gradients from vanishing.

The loss is multiplied by a power of two, and the gradient divided by it in
float32. A gradient that overflows halves the factor (the step is skipped);
every so many updates it is doubled. Other dtypes need no factor: it stays 1.
"""

from keras import ops

_INITIAL = 2.0**15
_LARGEST = 2.0**24
_UPDATES_PER_RAISE = 2000.0


class LossScaling:
    """The factor of the loss for a dtype policy.

    Args:
        dtype_policy: of the network; float16 alone is scaled.
    """

    def __init__(self, dtype_policy):
        self.is_on = dtype_policy.compute_dtype == "float16"
        self.initial = _INITIAL if self.is_on else 1.0

    def lowered(self, scale):
        """Returns the factor after a gradient that was not finite."""
        return ops.maximum(scale / 2, 1.0) if self.is_on else scale

    def raised(self, scale, num_updates):
        """Returns the factor after `num_updates` updates."""
        if not self.is_on:
            return scale
        is_due = ops.equal(ops.mod(num_updates, _UPDATES_PER_RAISE), 0)
        return ops.where(is_due, ops.minimum(2 * scale, _LARGEST), scale)
