"""The presets with the most of each network.

The others leave parts out, and have no operation that these have not: what a
compiler or another version of TensorFlow makes of all operations is tested on
these.
"""

NAMES = (
    "basenet_gocor",
    "default",
    "glunet_gocor_star",
    "pdcnet_plus",
    "pwcnet_gocor",
    "semantic_glunet",
)
