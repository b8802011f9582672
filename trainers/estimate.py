"""What a matcher under evaluation answers for one pair."""

import typing


class Estimate(typing.NamedTuple):
    """Flow and keypoints.

    Attributes:
        flow: `(height, width, 2)` float32 on the reference grid, in px.
        find_keypoints: function without arguments that returns reference and
            query points, `(number, 2)` xy each, for estimating a pose.
    """

    flow: typing.Any
    find_keypoints: typing.Callable
