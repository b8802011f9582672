import io

from gocor_tf import progress


class _Terminal(io.StringIO):
    def isatty(self):
        return True


def test_nothing_is_written_to_a_file():
    stream = io.StringIO()
    assert list(progress.track([1, 2], "work", stream=stream)) == [1, 2]
    assert stream.getvalue() == ""


def test_a_quick_loop_stays_silent():
    stream = _Terminal()
    assert list(progress.track([1, 2], "work", stream=stream)) == [1, 2]
    assert stream.getvalue() == ""


def test_a_long_loop_ends_with_a_full_bar(monkeypatch):
    clock = iter(range(0, 100, 10))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    stream = _Terminal()
    assert list(progress.track(iter("ab"), "work", 2, stream)) == ["a", "b"]
    first, second, last = stream.getvalue().strip().split("\r")
    assert first.startswith("work [....") and "0/2" in first
    assert "1/2, 20 s left" in second
    assert last.rstrip() == f"work [{'#' * 30}] 2/2, 0 s left"
