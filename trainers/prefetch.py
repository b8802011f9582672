"""Batches prepared on the host while the device computes."""

import collections
import concurrent.futures


def prefetch(make_batch, steps, num_workers, depth):
    """Yields the batches of some steps, in order, prepared ahead.

    Args:
        make_batch: function of the step, safe to call from several threads.
        steps: iterable of step numbers.
        num_workers: threads that call it.
        depth: batches prepared ahead.

    Yields:
        `(step, batch)`.

    Raises:
        ValueError: if `num_workers` or `depth` is below 1.
    """
    for name, value in (("num_workers", num_workers), ("prefetch", depth)):
        if value < 1:
            raise ValueError(
                f"`data.{name}` must be > 0. Received: data.{name}={value}"
            )
    steps = iter(steps)
    waiting = collections.deque()
    pool = concurrent.futures.ThreadPoolExecutor(num_workers)
    try:
        for step in steps:
            waiting.append((step, pool.submit(make_batch, step)))
            if len(waiting) > depth:
                done, future = waiting.popleft()
                yield done, future.result()
        for done, future in waiting:
            yield done, future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
