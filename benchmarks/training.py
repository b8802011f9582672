"""Training steps of the default network, with GOCor and without.

What `gocor-train` runs: pairs that the host has prepared are rendered, the
network and its gradient computed, and the weights moved.
"""

from benchmarks import figures, rendering, stopwatch
from gocor_tf.data import batches
from gocor_tf.trainers import assembly
from gocor_tf.trainers.configs import default

_CORRELATIONS = {"plain correlation": "feature", "GOCor": "gocor"}


def time_steps(seconds, **data):
    """Times steps of both networks in turn.

    Args:
        seconds: time to spend, as in `stopwatch.time_interleaved`.
        **data: fields of the config's data, such as `size`.

    Returns:
        List of figures.
    """
    # Two plain pairs of 256 x 256, for the flow alone: quick to compile.
    config = default.get_config("smoke")
    for name, value in data.items():
        setattr(config.data, name, value)
    assembly.prepare_backend(config)
    source = assembly.create_source(
        config, rendering.photographs(), config.seed
    )
    batch = batches.make_batch(source, range(config.data.batch_size))
    times = stopwatch.time_interleaved(
        {
            way: _step(config, correlation, source, batch)
            for way, correlation in _CORRELATIONS.items()
        },
        seconds,
        statistic=stopwatch.spread,
    )
    side = config.data.size
    size = f"{config.data.batch_size}x{side}x{side}"
    return figures.time_figures("training", "default", size, times, "step")


def _step(config, correlation, source, batch):
    """Returns a function without arguments: each call is one step."""
    config.model.global_correlation = correlation
    config.model.local_correlation = correlation
    _, runner = assembly.create_runner(config, source)
    return lambda: runner.step(batch, config.optimizer.learning_rate)
