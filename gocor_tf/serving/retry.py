"""Calls again what failed because a server was not there."""

import itertools
import random
import time

from absl import logging

from gocor_tf.serving.errors import UNAVAILABLE, ServingError

_FIRST_DELAY = 0.5  # Seconds, doubled from one attempt to the next.
_LONGEST_DELAY = 8.0


def call(function, retries):
    """Calls a function, again after a pause while the server is unavailable.

    Pauses grow exponentially, from 0.5 to 8 seconds, and are shortened at
    random by up to a half, so that clients of one server do not return
    together. Each is logged as a warning. Other errors are raised at once.

    Args:
        function: of no arguments, safe to call again.
        retries: how often to call it again at most.

    Returns:
        What the function returns.

    Raises:
        ServingError: of the last call.
    """
    for attempt in itertools.count():
        try:
            return function()
        except ServingError as error:
            if error.code != UNAVAILABLE or attempt == retries:
                raise
            delay = _delay(attempt)
            logging.warning(
                "%s; attempt %d of %d, the next in %.1f s",
                error,
                attempt + 1,
                retries + 1,
                delay,
            )
            time.sleep(delay)


def _delay(attempt):
    longest = min(_LONGEST_DELAY, _FIRST_DELAY * 2**attempt)
    return longest * random.uniform(0.5, 1.0)
