"""Networks: with GOCor beside plain correlation, published ones, and served."""

import tempfile

import numpy as np
from keras import ops

import gocor_tf
from benchmarks import backend, figures, stopwatch

_PLAIN = {"global_correlation": "feature", "local_correlation": "feature"}
# name -> (preset, arguments) with GOCor, those with plain correlation, and the
# size of the images.
PAIRS = {
    "BaseNet": (("basenet_gocor", {}), ("basenet", {}), (256, 256)),
    "default": (("default", {}), ("default", _PLAIN), (256, 256)),
    "default at 480x640": (("default", {}), ("default", _PLAIN), (480, 640)),
    "GLUNet": (("glunet_gocor", {}), ("glunet", {}), (480, 640)),
    "PWCNet": (("pwcnet_gocor", {}), ("pwcnet", {}), (480, 640)),
}
SIZE = (480, 640)
PUBLISHED = "published code"
# Seconds of the published PyTorch networks at 480 x 640 on two cores of this
# kind: the best of several runs, two threads, with an unoptimised correlation.
# The default is ours alone.
PUBLISHED_SECONDS = {
    "default": None,
    "basenet": 0.43,
    "basenet_gocor": 0.62,
    "glunet": 2.47,
    "glunet_gocor": 3.62,
    "glunet_gocor_star": 2.97,
    "semantic_glunet": 2.44,
    "pwcnet": 0.61,
    "pwcnet_gocor": 0.90,
    "pdcnet": 3.64,
    "pdcnet_plus": 3.56,
}


def time_pair(name, seconds, batch=1):
    """Times a network with GOCor and without.

    Args:
        name: of an entry of `PAIRS`.
        seconds: time to spend, as in `stopwatch.time_interleaved`.
        batch: number of image pairs.

    Returns:
        Dict: "plain correlation" and "GOCor" -> `stopwatch.Spread` in ms.
    """
    gocor, plain, size = PAIRS[name]
    return stopwatch.time_interleaved(
        {
            "plain correlation": compile_call(*plain, size, batch),
            "GOCor": compile_call(*gocor, size, batch),
        },
        seconds,
        statistic=stopwatch.spread,
    )


def time_published(preset, seconds):
    """Times a network that is also published, at 480 x 640.

    Args:
        preset: one of `PUBLISHED_SECONDS`.
        seconds: time to spend on it.

    Returns:
        List of figures: ours, and the published if there is one.
    """
    times = stopwatch.time_interleaved(
        {"ours": compile_call(preset, {}, SIZE)},
        seconds,
        statistic=stopwatch.spread,
    )
    theirs = PUBLISHED_SECONDS[preset]
    if theirs is not None:
        times[PUBLISHED] = stopwatch.spread([1e3 * theirs])
    return figures.time_figures("published", preset, format_size(SIZE), times)


def time_served(seconds):
    """Times the default network as a SavedModel and as a Python model.

    Args:
        seconds: time to spend.

    Returns:
        List of figures.
    """
    import tensorflow as tf

    from gocor_tf.export import signatures

    model, pair = gocor_tf.load_model("default"), images(SIZE)
    python_model = signatures.match_function(model)
    answers = signatures.answers(model, signatures.Options())
    archive = signatures.archive_of(
        {"serving_default": answers["serving_default"]}
    )
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        served = tf.saved_model.load(folder)
    signature = served.signatures["serving_default"]
    times = stopwatch.time_interleaved(
        {
            "Python model": lambda: python_model(**pair),
            "SavedModel": lambda: signature(**pair),
        },
        seconds,
        statistic=stopwatch.spread,
    )
    return figures.time_figures("serving", "default", format_size(SIZE), times)


def compile_call(preset, arguments, size, batch=1):
    """Returns one call of an untrained network, without arguments.

    Args:
        preset: name.
        arguments: that replace those of the preset.
        size: `(height, width)` of the images.
        batch: number of image pairs.
    """
    model = gocor_tf.load_model(preset, weights=None, **arguments)
    function, pair = backend.compile_network(model), images(size, batch)
    return lambda: function(pair)


def images(size, batch=1):
    """Returns a pair of images of noise."""
    generator = np.random.default_rng(0)
    return {
        name: ops.convert_to_tensor(
            generator.uniform(0, 255, (batch, *size, 3)).astype("float32")
        )
        for name in ("reference", "query")
    }


def format_size(size, batch=None):
    """Returns `(height, width)` as "480x640", or "4x480x640" with a batch."""
    return "x".join(map(str, size if batch is None else (batch, *size)))
