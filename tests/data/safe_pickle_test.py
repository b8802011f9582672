import io
import pathlib
import pickle

import numpy as np
import pytest

from gocor_tf.data import safe_pickle


def _load(value, protocol=4):
    return safe_pickle.load(io.BytesIO(pickle.dumps(value, protocol)))


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_plain_data_and_arrays_are_read(protocol):
    value = [{"a": "b", "c": (1, 2.5)}, None, np.arange(3.0), np.float64(4)]
    loaded = _load(value, protocol)
    assert loaded[:2] == value[:2]
    np.testing.assert_array_equal(loaded[2], [0, 1, 2])
    assert loaded[3] == 4


class _Exploit:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (pathlib.Path(self.path),)


def test_no_code_is_run(tmp_path):
    mark = tmp_path / "was_run"
    with pytest.raises(safe_pickle.PickleError, match="^it names 'pathlib"):
        _load([_Exploit(mark)])
    assert not mark.exists()
    pickle.loads(pickle.dumps([_Exploit(mark)]))
    assert mark.exists()


@pytest.mark.parametrize("data", [b"", b"junk", pickle.dumps([1, "a"])[:-3]])
def test_a_damaged_pickle_is_an_error(data):
    with pytest.raises(ValueError, match="^it is damaged"):
        safe_pickle.load(io.BytesIO(data))
