import math

import numpy as np
import pytest

from gocor_tf.trainers import plots

pytest.importorskip("matplotlib")


def panel(values, **options):
    return plots.Panel(
        "title", {"line": (range(len(values)), values)}, **options
    )


def test_panels_fill_rows():
    one = plots.draw_picture([panel([1.0, 2.0])])
    three = plots.draw_picture([panel([1.0, 2.0])] * 3)
    assert one.shape == (350, 550, 3) and one.dtype == np.uint8
    assert three.shape == (700, 1100, 3)
    assert one.std() > 5


@pytest.mark.parametrize("values", [[], [math.nan], [0.0, 1.0], [1.0, 10.0]])
def test_logarithmic_where_possible(values):
    assert plots.draw_picture([panel(values, log=True)]).shape[2] == 3


def test_a_gap_does_not_hide_the_rest():
    whole = plots.draw_picture([panel([1.0, 2.0, 3.0, 4.0])])
    gap = plots.draw_picture([panel([1.0, 2.0, math.nan, 4.0])])
    flat = plots.draw_picture([panel([math.nan] * 4)])
    assert (whole != gap).any()
    assert (gap != flat).any()
