import pytest

from benchmarks import rendering


@pytest.mark.slow
@pytest.mark.parametrize("name", rendering.STACKS)
def test_times_ours_and_opencv(name):
    times = rendering.time_stack(name, seconds=0, size=120, batch_size=2)
    coarse = [rendering.COARSE] if name != "static" else []
    assert list(times) == ["ours", "OpenCV", *coarse]
    for low, median, high, runs in times.values():
        assert 0 < low <= median <= high and runs == 3
