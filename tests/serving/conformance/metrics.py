"""Requests counted by model and outcome, as Prometheus reads them."""

import collections
import contextlib
import threading

import grpc

from tests.serving import c_api

_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}
_METRIC = ":tensorflow:serving:request_count"


class Metrics:
    """Counts what threads report."""

    def __init__(self):
        self._counts = collections.Counter()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def counted(self, model_name):
        """Counts the body once, under the status that it ends with."""
        status = "UNKNOWN"
        try:
            yield
            status = "OK"
        except c_api.StatusError as error:
            status = _NAMES[error.code]
            raise
        finally:
            with self._lock:
                self._counts[model_name, status] += 1

    def page(self):
        """Returns the text of the monitoring page."""
        with self._lock:
            counts = sorted(self._counts.items())
        lines = [
            f'{_METRIC}{{model_name="{name}",status="{status}"}} {count}'
            for (name, status), count in counts
        ]
        return "\n".join([f"# TYPE {_METRIC} counter", *lines, ""])
