import pytest

from benchmarks import training


@pytest.mark.slow
def test_times_steps_of_both_networks():
    found = training.time_steps(seconds=0, batch_size=1)
    assert [figure.way for figure in found] == ["plain correlation", "GOCor"]
    for figure in found:
        assert figure.size == "1x256x256"
        assert 0 < figure.low <= figure.median <= figure.high
