"""Which devices train together: TensorFlow's distribution strategies."""

import keras

NAMES = ("auto", "mirrored", "one")


def create_strategy(name="auto", devices=()):
    """Returns TensorFlow's strategy; None on other backends.

    Args:
        name: "auto" or "mirrored" for a replica on each device, "one" for the
            first device alone.
        devices: names such as `("CPU:0", "CPU:1")`; () is all GPUs, or the
            CPU where there are none.

    Raises:
        ValueError: if the name is unknown, or another backend is asked for
            replicas.
    """
    if name not in NAMES:
        raise ValueError(
            f"`strategy` must be one of {NAMES}. Received: strategy={name!r}"
        )
    if keras.backend.backend() != "tensorflow":
        if name == "mirrored":
            raise ValueError(
                "`strategy` must be 'auto' or 'one' on JAX. "
                f"Received: strategy={name!r}"
            )
        return None
    import tensorflow as tf

    devices = list(devices)
    if name == "one":
        first = "GPU:0" if tf.config.list_logical_devices("GPU") else "CPU:0"
        devices = devices[:1] or [first]
    return tf.distribute.MirroredStrategy(devices or None)
