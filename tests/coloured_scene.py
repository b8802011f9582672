"""What knows scenes whose colours are their coordinates."""

import numpy as np

from gocor_tf.trust import GivenTrust


def features(images):
    """Features at 1/16 that are alike where coordinates are."""
    colors = images[:, 8::16, 8::16].astype(np.float32)
    phases = colors[..., :2, None] * np.linspace(0.02, 0.3, 8)
    waves = np.concatenate([np.cos(phases), np.sin(phases)], axis=-1)
    return waves.reshape(*waves.shape[:3], -1) * (colors[..., 2:] == 255)


class Trust(GivenTrust):
    """Confidence as it is, and homographies with 2 px of tolerance."""

    threshold = 2.0
