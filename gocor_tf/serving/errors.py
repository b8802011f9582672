"""What goes wrong between a client and a server."""

UNAVAILABLE = "UNAVAILABLE"


class ServingError(RuntimeError):
    """Raised where a server gives no match, or none that can be used.

    Attributes:
        code: name of the gRPC status, such as "INVALID_ARGUMENT", over REST
            that which the HTTP status stands for.
    """

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
