import time

import pytest

from gocor_tf.trainers.prefetch import prefetch


@pytest.mark.parametrize(("num_workers", "depth"), [(1, 1), (4, 2), (2, 50)])
def test_batches_come_in_order(num_workers, depth):
    def make_batch(step):
        time.sleep(0.002 * (step % 3))
        return step**2

    batches = list(prefetch(make_batch, range(5, 20), num_workers, depth))
    assert batches == [(step, step**2) for step in range(5, 20)]


def test_errors_reach_the_loop():
    batches = prefetch(lambda step: 1 // (step - 2), range(5), 1, 1)
    assert [next(batches) for _ in range(2)] == [(0, -1), (1, -1)]
    with pytest.raises(ZeroDivisionError):
        next(batches)


@pytest.mark.parametrize(
    ("num_workers", "depth", "name"),
    [(0, 1, "num_workers"), (1, 0, "prefetch")],
)
def test_nothing_ahead_is_refused(num_workers, depth, name):
    with pytest.raises(ValueError, match=f"`data.{name}` must be > 0"):
        next(prefetch(abs, range(3), num_workers, depth))
