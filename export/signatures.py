"""What an exported network answers to: images as floats, bytes or files.

Every signature takes `reference` and `query`, batches of equal length whose
pictures may differ in size between the two, and returns `flow`
`(batch, height, width, 2)` on the reference grid, in pixels of the query, and
`confidence` `(batch, height, width)`: the network's own where it gives one,
else that of the way there and back.
"""

import keras
import tensorflow as tf

from gocor_tf.ops import consistency

_IMAGES = (None, None, None, 3)


def export_archive(model):
    """Collects the signatures of a network, ready to be written.

    Args:
        model: a built network of the family.

    Returns:
        A `keras.export.ExportArchive` with the signatures `serving_default`
        (float32 images in 0..255), `serving_uint8` and `serving_bytes` (JPEG
        or PNG files).
    """

    # One graph of the network, called by one graph of the match (for both
    # directions, if need be), called by every signature.
    @tf.function(input_signature=_pair(_IMAGES, tf.float32))
    def network(reference, query):
        pair = {"reference": reference, "query": query}
        outputs = model(pair, training=False)
        names = outputs.keys() & {"flow", "confidence"}
        return {name: outputs[name] for name in names}

    @tf.function(input_signature=_pair(_IMAGES, tf.float32))
    def match(reference, query):
        tf.debugging.assert_equal(
            tf.shape(reference)[0],
            tf.shape(query)[0],
            "`reference` and `query` must hold the same number of pictures.",
        )
        for name, images in (("reference", reference), ("query", query)):
            tf.debugging.assert_all_finite(images, f"`{name}` must be finite.")
        outputs = network(reference, query)
        if "confidence" not in outputs:
            outputs["confidence"] = consistency.forward_backward_confidence(
                outputs["flow"], network(query, reference)["flow"]
            )
        return outputs

    def match_uint8(reference, query):
        return match(tf.cast(reference, tf.float32), tf.cast(query, tf.float32))

    def match_files(reference, query):
        return match_uint8(
            decode_files(reference, "reference"), decode_files(query, "query")
        )

    archive = keras.export.ExportArchive()
    archive.add_endpoint("serving_default", match, _pair(_IMAGES, tf.float32))
    archive.add_endpoint("serving_uint8", match_uint8, _pair(_IMAGES, tf.uint8))
    archive.add_endpoint(
        "serving_bytes", match_files, _pair((None,), tf.string)
    )
    return archive


def _pair(shape, dtype):
    return [tf.TensorSpec(shape, dtype, n) for n in ("reference", "query")]


def decode_files(files, name):
    """Decodes JPEG and PNG files whose pictures share one size.

    Args:
        files: `(batch,)` strings.
        name: of the argument, for the error where sizes differ.

    Returns:
        `(batch, height, width, 3)` uint8, as stored: an EXIF orientation is
        not applied.
    """
    count = tf.shape(files)[0]
    pictures = tf.TensorArray(
        tf.uint8, count, infer_shape=False, element_shape=(None, None, 3)
    )

    def append(index, pictures, first_shape):
        # The operation reads PNG too. Its default transform rounds more
        # coarsely than other decoders do.
        picture = tf.io.decode_jpeg(
            files[index], channels=3, dct_method="INTEGER_ACCURATE"
        )
        shape = tf.shape(picture)
        first_shape = tf.where(index == 0, shape, first_shape)
        tf.debugging.assert_equal(
            shape, first_shape, f"The pictures of `{name}` must share one size."
        )
        return index + 1, pictures.write(index, picture), first_shape

    _, pictures, _ = tf.while_loop(
        lambda index, *_: index < count,
        append,
        (0, pictures, tf.zeros(3, tf.int32)),
    )
    return pictures.stack()
