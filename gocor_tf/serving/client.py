"""Matches by a server: two images there, a flow with its confidence back."""

import concurrent.futures
import re

from gocor_tf.serving import answers, model_check, retry
from gocor_tf.serving.errors import ServingError
from gocor_tf.serving.image_pair import ImagePair

TRANSPORTS = ("grpc", "rest")


class Client:
    """Asks a TensorFlow Serving that serves a network written by gocor-export.

    ```python
    from gocor_tf.serving import Client

    with Client("localhost:8500") as client:
        match = client("reference.jpg", "query.jpg")
    match.save("out/")
    ```

    Needs the extra `serve`. One client may be used by several threads. While
    the server cannot be reached, requests are sent again, after pauses that
    grow to 8 seconds and are logged; every other error is raised at once.

    Args:
        address: "HOST:PORT" of the gRPC or, for REST, the HTTP port.
        model: name that the server has for the network.
        version: of the model, an integer; None: the highest served.
        transport: "grpc" or "rest".
        timeout: of one attempt, in seconds.
        retries: attempts after the first one.
        max_concurrency: pairs of a list that are under way at a time.
    """

    def __init__(
        self,
        address,
        model="default",
        version=None,
        transport="grpc",
        timeout=60.0,
        retries=5,
        max_concurrency=4,
    ):
        _check_address(address)
        _check_model(model, version)
        if transport not in TRANSPORTS:
            raise ValueError(
                f"`transport` must be one of {TRANSPORTS}. "
                f"Received: transport={transport!r}"
            )
        _check_limits(timeout, retries, max_concurrency)
        self.address = address
        self.model = model
        self.version = version
        self.transport = transport
        self.timeout = timeout
        self.retries = retries
        self.max_concurrency = max_concurrency
        self._connection = _connect(address, transport, max_concurrency)
        self._checked = set()

    def __call__(self, reference, query):
        """Matches one pair or, given two lists, many.

        Before the first match, the server's model is checked as `check` does.

        Args:
            reference: `(height, width, 3)` uint8 RGB, a path, the bytes of an
                image file, or a list of these.
            query: the same; sizes may differ.

        Returns:
            A `Match`, or a list of them in the order of the pairs.

        Raises:
            ValueError: for an image that cannot be used, and for lists of
                different length.
            ServingError: where the server gives no match. Of a list, the pairs
                that have not been sent by then are not.
        """
        are_lists = [isinstance(x, (list, tuple)) for x in (reference, query)]
        if not any(are_lists):
            return self._match(reference, query)
        if not all(are_lists) or len(reference) != len(query):
            raise ValueError(
                "`reference` and `query` must both be single images or lists "
                f"of one length. Received: reference={_describe(reference)}, "
                f"query={_describe(query)}"
            )
        pool = concurrent.futures.ThreadPoolExecutor(self.max_concurrency)
        try:
            return list(pool.map(self._match, reference, query))
        finally:
            pool.shutdown(cancel_futures=True)

    def check(self, signature="serving_default"):
        """Checks that the server runs the model and version asked for.

        Args:
            signature: that the model must have, with the project's inputs and
                outputs.

        Raises:
            ServingError: that says what the server has instead.
        """
        self._retried(lambda: self._check(signature))

    def close(self):
        """Closes the connections to the server."""
        self._connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _match(self, reference, query):
        pair = ImagePair(reference, query)
        return self._retried(
            lambda: answers.to_match(pair, self._predict(pair))
        )

    def _predict(self, pair):
        if pair.signature not in self._checked:
            self._check(pair.signature)
        return self._connection.predict(
            self.model, self.version, pair.signature, pair.inputs, self.timeout
        )

    def _check(self, signature):
        model_check.check_model(
            self._connection, self.model, self.version, signature, self.timeout
        )
        self._checked.add(signature)

    def _retried(self, function):
        """Calls `function`, and says in its errors which server it was."""

        def attempt():
            try:
                return function()
            except ServingError as error:
                message = f"{self.address}: {error.code}: {error}"
                raise ServingError(error.code, message) from error

        return retry.call(attempt, self.retries)


def _connect(address, transport, max_concurrency):
    # Imported here: each needs packages of its own.
    try:
        if transport == "grpc":
            from gocor_tf.serving.grpc_transport import GrpcTransport

            return GrpcTransport(address)
        from gocor_tf.serving.rest_transport import RestTransport

        return RestTransport(address, max_concurrency)
    except ImportError as error:
        raise ImportError(
            f"{str(error.name).partition('.')[0]} is not installed: "
            "pip install 'gocor_tf[serve]'",
            name=error.name,
        ) from error


def _check_address(address):
    if not re.fullmatch(r"([\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}", str(address)):
        raise ValueError(
            "`address` must be HOST:PORT, as in localhost:8500. "
            f"Received: address={address!r}"
        )


def _check_model(model, version):
    if not re.fullmatch(r"[\w.-]+", str(model)):
        raise ValueError(
            "`model` must be a name of letters, digits, '_', '-' and '.'. "
            f"Received: model={model!r}"
        )
    if version is not None and version < 0:
        raise ValueError(
            f"`version` must be >= 0 or None. Received: version={version}"
        )


def _check_limits(timeout, retries, max_concurrency):
    if not timeout > 0:
        raise ValueError(
            f"`timeout` must be > 0 seconds. Received: timeout={timeout}"
        )
    if retries < 0:
        raise ValueError(f"`retries` must be >= 0. Received: retries={retries}")
    if max_concurrency < 1:
        raise ValueError(
            "`max_concurrency` must be > 0. "
            f"Received: max_concurrency={max_concurrency}"
        )


def _describe(images):
    if isinstance(images, (list, tuple)):
        return f"{len(images)} images"
    return "one image"
