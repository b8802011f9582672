"""Whether a server has the model, the version and the signature wanted."""

from gocor_tf.serving.errors import UNAVAILABLE, ServingError

_INPUTS = {"reference", "query"}
_OUTPUTS = {"flow", "confidence"}
_LOADING = ("START", "LOADING")


def check_model(connection, model, version, signature, timeout):
    """Checks what a server has before it is asked for matches.

    Args:
        connection: a transport.
        model: its name.
        version: an integer; None: any.
        signature: name of one that must take `reference` and `query` and
            return `flow` and `confidence`.
        timeout: of each of the two requests, in seconds.

    Raises:
        ServingError: that says what the server has instead; its code is
            "UNAVAILABLE" where that is still being loaded.
    """
    _check_version(_find_versions(connection, model, timeout), model, version)
    signatures = connection.signatures(model, version, timeout)
    if signature not in signatures:
        # TensorFlow's own begin with an underscore.
        names = sorted(n for n in signatures if not n.startswith("_"))
        raise ServingError(
            "NOT_FOUND",
            f"model '{model}' must have the signature '{signature}'; export "
            f"it with gocor-export. Received: {names}",
        )
    inputs, outputs = (
        signatures[signature][kind] for kind in ("inputs", "outputs")
    )
    if inputs != _INPUTS or not outputs >= _OUTPUTS:
        raise ServingError(
            "FAILED_PRECONDITION",
            f"signature '{signature}' of model '{model}' must take reference "
            "and query and return flow and confidence; export it with "
            f"gocor-export. Received: {sorted(inputs)} -> {sorted(outputs)}",
        )


def _find_versions(connection, model, timeout):
    try:
        return connection.versions(model, timeout)
    except ServingError as error:
        if error.code != "NOT_FOUND":
            raise
        raise ServingError(
            error.code,
            f"`model` must be one that this server has ({error}). "
            f"Received: model='{model}'",
        ) from error


def _check_version(states, model, version):
    """Checks that the version, or any, is available."""
    wanted = states if version is None else {version}
    wanted_states = [states.get(number) for number in wanted]
    if "AVAILABLE" in wanted_states:
        return
    if any(state in _LOADING for state in wanted_states):
        raise ServingError(UNAVAILABLE, f"model '{model}' is being loaded")
    available = sorted(v for v in states if states[v] == "AVAILABLE")
    raise ServingError(
        "NOT_FOUND",
        f"`version` must be one of model '{model}' that this server has, "
        f"{available}. Received: version={version}",
    )
