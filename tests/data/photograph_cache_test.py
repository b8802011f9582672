import cv2
import numpy as np
import pytest

from gocor_tf.data.photograph_cache import PhotographCache


@pytest.fixture
def paths(tmp_path):
    names = [str(tmp_path / f"{number}.png") for number in range(3)]
    for number, name in enumerate(names):
        cv2.imwrite(name, np.full((256, 512, 3), number, "uint8"))
    return names


def test_photographs_are_decoded_when_first_needed(paths, monkeypatch):
    decoded = []
    imdecode = cv2.imdecode

    def count(*arguments):
        decoded.append(1)
        return imdecode(*arguments)

    monkeypatch.setattr(cv2, "imdecode", count)
    # One of them fits into the memory: 0.375 MiB each.
    cache = PhotographCache(paths, megabytes=0.5)
    assert len(cache) == 3 and not decoded
    for _ in range(2):
        assert [cache[n][0, 0, 0] for n in (2, 0)] == [2, 0]
    assert len(decoded) == 3


def test_a_file_in_the_list_twice_is_kept_once(paths):
    cache = PhotographCache([paths[1], paths[0], paths[1]], megabytes=9)
    assert cache[0] is cache[2]


def test_large_photographs_are_kept_small():
    images = [np.zeros((1000, 2000, 3)), np.zeros((50, 60, 3), "uint8")]
    cache = PhotographCache(images, megabytes=9, needed_side=128)
    assert cache[0].shape == (128, 256, 3) and cache[0].dtype == np.uint8
    assert cache[1].shape == (50, 60, 3)


def test_no_photographs_are_refused():
    with pytest.raises(ValueError, match="`images` must be a folder or a"):
        PhotographCache([], megabytes=9)
