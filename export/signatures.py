"""What an exported network answers to: images as floats, bytes or files.

Every signature takes `reference` and `query`, batches of equal length whose
pictures may differ in size between the two. All but `matches` return `flow`
`(batch, height, width, 2)` on the reference grid, in pixels of the query, and
`confidence` `(batch, height, width)`: the network's own where it gives one,
else that of the way there and back.

With a fixed size, the pictures are stretched to it in the graph, and flow and
confidence live on a grid of that size over the reference. The flow is in
pixels of the original pictures all the same, so that resizing it to the
reference's size, without scaling it, gives the flow there. `reference_size`
and `query_size`, `(batch, 2)`, say what the original sizes were.
"""

import dataclasses
import functools

import keras
import tensorflow as tf

from gocor_tf.ops import consistency

from . import (
    image_files,
    original_pixels,
    request_checks,
    strongest_matches,
)

_ARRAYS = (None, None, None, 3)
_SIZES = ("reference_size", "query_size")


@dataclasses.dataclass(frozen=True)
class Options:
    """How a network is exported.

    Attributes:
        size: `(height, width)` to stretch all pictures to; None: their own.
        max_matches: how many matches the signature `matches` returns.
        limits: `request_checks.Limits`.
    """

    size: tuple | None = None
    max_matches: int = 1000
    limits: request_checks.Limits = request_checks.Limits()

    def __post_init__(self):
        smallest = request_checks.MIN_SIDE
        if self.size is not None and min(self.size) < smallest:
            raise ValueError(
                f"`size` must be (height, width), both >= {smallest}. "
                f"Received: size={self.size}"
            )
        if self.max_matches < 1:
            raise ValueError(
                "`max_matches` must be > 0. "
                f"Received: max_matches={self.max_matches}"
            )


def export_archive(model, options):
    """Collects the signatures of a network, ready to be written.

    Args:
        model: a built network of the family.
        options: `Options`.

    Returns:
        A `keras.export.ExportArchive` with the signatures of `answers`.
    """
    return archive_of(answers(model, options))


def archive_of(answers):
    """Does what `export_archive` does, of what `answers` returned."""
    archive = keras.export.ExportArchive()
    for name, (answer, specs) in answers.items():
        archive.add_endpoint(name, answer, specs)
    return archive


def answers(model, options):
    """Returns the functions behind the signatures, and their inputs.

    Args:
        model: a built network of the family.
        options: `Options`.

    Returns:
        A dict: name -> (function of reference and query, list of their
        `tf.TensorSpec`). `serving_default` takes float32 images in 0..255,
        `serving_uint8` the same as uint8, `serving_bytes` JPEG, PNG or WebP
        files; `flow_fp16` takes uint8 images and returns float16, `matches`
        takes them too and returns what `strongest_matches` does.
    """
    match = match_function(model)

    def answer(read, reference, query):
        pair = request_checks.checked_pair(reference, query, options.limits)
        images, sizes = zip(
            *map(read, pair, ("reference", "query"), 2 * (options,)),
            strict=True,
        )
        outputs = match(*(tf.cast(image, tf.float32) for image in images))
        sizes = dict(zip(_SIZES, sizes, strict=True))
        if options.size is not None:
            outputs["flow"] = original_pixels.flow_between(
                outputs["flow"], **sizes
            )
        return outputs, sizes

    def dense(read, reference, query, dtype=tf.float32):
        outputs, sizes = answer(read, reference, query)
        outputs = {n: tf.cast(value, dtype) for n, value in outputs.items()}
        return outputs | (sizes if options.size is not None else {})

    def sparse(read, reference, query):
        outputs, sizes = answer(read, reference, query)
        return strongest_matches.strongest_matches(
            **outputs, **sizes, number=options.max_matches
        )

    floats, uint8 = _pair(_ARRAYS, tf.float32), _pair(_ARRAYS, tf.uint8)
    of_arrays = functools.partial(dense, _read_images)
    halves = functools.partial(of_arrays, dtype=tf.float16)
    return {
        "serving_default": (of_arrays, floats),
        "serving_uint8": (of_arrays, uint8),
        "serving_bytes": (
            functools.partial(dense, _read_files),
            _pair((None,), tf.string),
        ),
        "flow_fp16": (halves, uint8),
        "matches": (functools.partial(sparse, _read_images), uint8),
    }


def match_function(model, shape=_ARRAYS):
    """Returns the graph of a match, without any checks.

    Args:
        model: a built network of the family.
        shape: of the images.

    Returns:
        A `tf.function` from float32 images `reference` and `query` to `flow`
        and `confidence`.
    """

    # One graph of the network, called by one graph of the match (for both
    # directions, if need be), called by every signature.
    @tf.function(input_signature=_pair(shape, tf.float32))
    def network(reference, query):
        pair = {"reference": reference, "query": query}
        outputs = model(pair, training=False)
        names = outputs.keys() & {"flow", "confidence"}
        return {name: outputs[name] for name in names}

    @tf.function(input_signature=_pair(shape, tf.float32))
    def match(reference, query):
        outputs = network(reference, query)
        if "confidence" not in outputs:
            outputs["confidence"] = consistency.forward_backward_confidence(
                outputs["flow"], network(query, reference)["flow"]
            )
        return outputs

    return match


def _pair(shape, dtype):
    return [tf.TensorSpec(shape, dtype, n) for n in ("reference", "query")]


def _read_images(images, name, options):
    """Returns images of the request as the network takes them, and sizes."""
    images = request_checks.checked_images(
        images, name, options.limits, options.size is not None
    )
    shape = tf.shape(images)
    sizes = tf.tile(shape[None, 1:3], (shape[0], 1))
    if options.size is not None:
        images = image_files.stretch(images, options.size)
    return images, sizes


def _read_files(files, name, options):
    """Returns what `_read_images` does, of files."""
    return image_files.decode_files(files, name, options.limits, options.size)
