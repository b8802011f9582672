"""One warp of each kind as the published table has it, and its flow.

Numbers are those of spec/training.md, A.1, for images of 520 x 520 pixels.
"""

import numpy as np

# Row and column of the pixels whose flow is given.
PLACES = ((0, 0), (260, 260), (519, 100))

# Kind -> parameters, flow (x, y) at those places, share that is in view.
ROWS = {
    "affine": (
        "0.9635651708 -0.038969975 0.1752373129 "
        "-0.0315077379 1.0668520927 -0.1509400308",
        ((65.042, -48.341), (45.436, -39.151), (41.173, -16.795)),
        0.8349,
    ),
    "tps": (
        "-0.9535375599 -1.1283600352 -0.8672909662 -0.2210120541 0.2384350777 "
        "0.0855817476 0.992417693 0.9978632931 1.0040035981 "
        "-1.2638840328 0.0356760288 1.0577169733 -0.8544065083 0.0972623206 "
        "1.0972755348 -0.7880416927 0.2384690507 0.67737756",
        ((12.057, -68.478), (61.991, 25.286), (32.397, 26.936)),
        0.9245,
    ),
    "homography": (
        "-7.4329840876 -3.4716937715 1892.2409333911 "
        "-2.1189542562 -8.5105218551 1629.9917240604 "
        "-0.0079729166 -0.0102579642 1",
        ((33.194, 33.204), (-25.744, -74.967), (-26.559, -102.816)),
        0.9027,
    ),
}


def parameters(kind):
    """Returns the parameters of a kind as an array."""
    return np.array(ROWS[kind][0].split(), "float64")
