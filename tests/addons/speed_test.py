"""How much faster our operations are than those of tensorflow-addons.

    pytest -m addons tests/addons/speed_test.py -s

prints the table of docs/performance.md.
"""

import json

import pytest
import tensorflow as tf

from gocor_tf.ops import correlation
from gocor_tf.ops.warp import warp

pytestmark = pytest.mark.addons

SECONDS = 2
CHANNELS = (64, 128, 512)


@pytest.fixture(scope="module")
def times(tmp_path_factory, run_there):
    folder = tmp_path_factory.mktemp("speed")
    module = tf.Module()
    for channels in CHANNELS:
        maps = tf.TensorSpec((None, None, None, channels))
        flow = tf.TensorSpec((None, None, None, 2))
        for function, specs in (
            (correlation.local_correlation, [maps, maps]),
            (warp, [maps, flow]),
        ):
            name = f"{function.__name__}_{channels}"
            setattr(module, name, tf.function(function, specs))
    tf.saved_model.save(module, str(folder / "exported"))
    path = folder / "times.json"
    run_there("speed.py", folder / "exported", path, SECONDS)
    return json.loads(path.read_text(encoding="utf-8"))


def test_table(times):
    print("\n| what | how | forward, ms | forward + gradient, ms |")
    print("|---|---|---|---|")
    for what, ways in times.items():
        for way, modes in ways.items():
            cells = [
                f"{value:.1f} ({value / ways['ours'][mode]:.1f}x)"
                for mode, value in modes.items()
            ]
            print(f"| {what} | `{way}` | {cells[0]} | {cells[1]} |")
    assert len(times) == 6


@pytest.mark.parametrize("mode", ["forward", "gradient"])
def test_local_correlation_is_faster(times, mode):
    for what, ways in times.items():
        if what.startswith("local correlation"):
            assert ways["ours"][mode] < ways["CorrelationCost"][mode], what
