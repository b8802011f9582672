"""What `import gocor_tf` costs."""

import subprocess
import sys

import pytest

import gocor_tf

SCRIPT = """
import sys
import keras
before = set(sys.modules)
import gocor_tf
new = {name.partition(".")[0] for name in set(sys.modules) - before}
assert new == {"gocor_tf"}, new
assert not any(name.startswith("gocor_tf.data") for name in sys.modules)
"""


def test_import_adds_nothing_but_networks_to_keras():
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)


def test_every_name_is_there_when_asked_for():
    for name in gocor_tf.__all__:
        assert getattr(gocor_tf, name) is not None
    assert set(gocor_tf.__all__) <= set(dir(gocor_tf))
    with pytest.raises(AttributeError, match="no attribute 'matchr'"):
        gocor_tf.matchr  # noqa: B018
