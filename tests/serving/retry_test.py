import pytest

from gocor_tf.serving import ServingError, retry


@pytest.fixture
def pauses(monkeypatch):
    pauses = []
    monkeypatch.setattr(retry.time, "sleep", pauses.append)
    return pauses


def failing(code, times):
    """Returns a function that fails some times, then returns their number."""
    calls = []

    def function():
        calls.append(None)
        if len(calls) <= times:
            raise ServingError(code, "host:1: gone")
        return len(calls)

    return function


def test_pauses_double_and_are_shortened_at_random(pauses):
    assert retry.call(failing("UNAVAILABLE", 7), retries=7) == 8
    longest = [0.5, 1, 2, 4, 8, 8, 8]
    assert len(pauses) == len(longest)
    for pause, limit in zip(pauses, longest, strict=True):
        assert limit / 2 <= pause <= limit
    assert len(set(pauses)) == len(pauses)


def test_the_last_error_is_raised(pauses):
    with pytest.raises(ServingError, match="gone"):
        retry.call(failing("UNAVAILABLE", 3), retries=2)
    assert len(pauses) == 2


@pytest.mark.parametrize("code", ["INVALID_ARGUMENT", "DEADLINE_EXCEEDED"])
def test_other_errors_are_not_tried_again(pauses, code):
    with pytest.raises(ServingError):
        retry.call(failing(code, 1), retries=5)
    assert pauses == []


def test_each_pause_is_reported(pauses, caplog):
    retry.call(failing("UNAVAILABLE", 1), retries=4)
    assert "host:1: gone; attempt 1 of 5, the next in" in caplog.text
