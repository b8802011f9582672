"""Rendered pairs as sharded TFRecords, written and read.

A folder has shards `pairs-00003-of-00020.tfrecord`. A record is a
`tf.train.Example` of one pair, everything without loss: `number`, an integer;
`reference` and `query`, PNG files; `flow`, and `flow_256` of sparse pairs,
float32, x before y and low bytes before high ones; `valid` and `mask`, and
`mask_256` of sparse pairs, a bit a pixel. All but PNG files is compressed by
zlib; damage shows in the check sums. This needs TensorFlow on any backend.
"""

import functools
import os
import re
import zlib

import numpy as np
from keras import ops

from gocor_tf.data import atomic, batches, photographs
from gocor_tf.data.tfrecord_index import find_records

_IMAGES = ("reference", "query")
_FLOWS = ("flow", "flow_256")
_MASKS = ("valid", "mask", "mask_256")
_SHARD = re.compile(r"pairs-(\d{5})-of-(\d{5})\.tfrecord")


class PairRecords:
    """Rendered pairs of a folder; may be read from several threads.

    `pair(number)` depends on the folder, the seed and `number` alone, and
    reads one record. Each epoch, `num_pairs` long, has an order of its own.

    Args:
        folder: with the shards.
        seed: a non-negative integer.

    Raises:
        ValueError: if a shard is missing, cut short or no TFRecord file; the
            message has its name.

    Example:
    ```python
    pairs = PairRecords("rendered")
    rendered = pairs.render(batches.make_batch(pairs, range(2)))
    ```
    """

    def __init__(self, folder, *, seed=0):
        if seed < 0:
            raise ValueError(f"`seed` must be >= 0. Received: seed={seed}")
        self.seed = seed
        self._records = [
            (path, start, length)
            for path in _find_shards(folder)
            for start, length in find_records(path)
        ]
        if not self._records:
            raise ValueError(
                "`folder` must have shards of at least one pair. "
                f"Received: folder='{folder}'"
            )
        self._shapes = _shapes(self._read(0))
        self.size = self._shapes["reference"][0]

    @property
    def num_pairs(self):
        """Pairs of an epoch: all records."""
        return len(self._records)

    def pair(self, number):
        """Reads one pair.

        Args:
            number: its place in the endless sequence, from 0.

        Returns:
            A dict of NumPy arrays, see `decode_pair`, without `number`.

        Raises:
            ValueError: if the record is damaged, or of another kind than the
                first one; the message has its file's name.
        """
        epoch, place = divmod(number, self.num_pairs)
        chosen = _order(self.seed, epoch, self.num_pairs)[place]
        pair = self._read(chosen)
        if _shapes(pair) != self._shapes:
            raise ValueError(
                "Pairs of one folder must have arrays of the same shapes. "
                f"'{self._records[chosen][0]}' has {_shapes(pair)}, "
                f"'{self._records[0][0]}' has {self._shapes}."
            )
        del pair["number"]
        return pair

    def render(self, batch):
        """Casts a batch.

        Args:
            batch: dicts of `pair`, stacked, as arrays or tensors.

        Returns:
            A dict of float32 tensors.
        """
        return {k: ops.cast(value, "float32") for k, value in batch.items()}

    def _read(self, index):
        path, start, length = self._records[index]
        try:
            with open(path, "rb") as file:
                file.seek(start)
                return decode_pair(file.read(length))
        except (OSError, ValueError) as error:
            raise ValueError(
                f"Cannot read pairs '{path}', the record at byte {start}: "
                f"{error}"
            ) from error


def shard_name(shard, num_shards):
    """Returns the file name of a shard, counted from 0."""
    return f"pairs-{shard:05}-of-{num_shards:05}.tfrecord"


def write_shard(path, records):
    """Writes a shard, whole or not at all.

    Args:
        path: name of the file, its last part as of `shard_name`.
        records: iterable of `encode_pair`'s bytes.

    Raises:
        ValueError: if the folder does not exist or cannot be written.

    Example:
    ```python
    pairs = rendered_pairs(source, range(50), batch_size=8)
    path = os.path.join(folder, shard_name(0, 1))
    write_shard(path, map(encode_pair, pairs, range(50)))
    ```
    """
    import tensorflow as tf

    with (
        atomic.atomic_path(path) as temporary,
        tf.io.TFRecordWriter(temporary) as writer,
    ):
        for record in records:
            writer.write(record)


def rendered_pairs(source, numbers, batch_size):
    """Renders pairs on the host.

    Args:
        source: of pairs.
        numbers: of the pairs, in the order wanted.
        batch_size: pairs rendered at once.

    Yields:
        A dict of NumPy arrays for each pair, without a batch axis.
    """
    numbers = list(numbers)
    for start in range(0, len(numbers), batch_size):
        some = numbers[start : start + batch_size]
        rendered = source.render(batches.make_batch(source, some))
        rendered = {k: ops.convert_to_numpy(v) for k, v in rendered.items()}
        for row in range(len(some)):
            yield {name: value[row] for name, value in rendered.items()}


def encode_pair(rendered, number):
    """Encodes one rendered pair; equal pairs give equal bytes.

    Args:
        rendered: a dict of arrays as sources render them, without a batch
            axis. Images are rounded to uint8; the rest is kept exactly.
        number: of the pair.

    Returns:
        The bytes of a record.

    Raises:
        ValueError: if a mask is not of 0 and 1, or there are other arrays.
    """
    import tensorflow as tf

    if unknown := sorted(set(rendered) - {*_IMAGES, *_FLOWS, *_MASKS}):
        raise ValueError(f"`rendered` must be a pair. Received: {unknown}")
    values = {}
    for name, array in rendered.items():
        array = np.asarray(array)
        if name in _IMAGES:
            image = np.rint(array).clip(0, 255).astype("uint8")
            values[name] = photographs.encode_png(image)
        else:
            values[name] = zlib.compress(_to_bytes(name, array))
    features = {
        name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        for name, value in values.items()
    }
    features["number"] = tf.train.Feature(
        int64_list=tf.train.Int64List(value=[number])
    )
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)


def decode_pair(data):
    """Decodes what `encode_pair` made.

    Args:
        data: the bytes of a record.

    Returns:
        A dict: `number`; `reference` and `query` `(size, size, 3)` uint8;
        `flow` `(size, size, 2)` float32, in pixels; `valid` and `mask`
        `(size, size, 1)` bool; of sparse pairs `flow_256` and `mask_256`.

    Raises:
        ValueError: if the bytes are damaged, or no record of a pair.
    """
    import tensorflow as tf
    from google.protobuf.message import DecodeError

    try:
        features = tf.train.Example.FromString(data).features.feature
        values = {
            name: features[name].bytes_list.value[0]
            for name in (*_IMAGES, *_FLOWS, *_MASKS)
            if name in features or not name.endswith("_256")
        }
        pair = {"number": features["number"].int64_list.value[0]}
        for name in _IMAGES:
            pair[name] = photographs.decode_image(values.pop(name))
        size = pair["reference"].shape[:2]
        for name, value in values.items():
            pair[name] = _to_array(name, zlib.decompress(value), size)
    except (DecodeError, IndexError, ValueError, zlib.error) as error:
        raise ValueError(
            f"it is damaged, or no record of a pair ({error}). Render it again."
        ) from error
    return pair


def _to_bytes(name, array):
    if name in _FLOWS:
        planes = np.ascontiguousarray(np.moveaxis(array, -1, 0), "<f4")
        return planes.view("uint8").reshape(-1, 4).T.tobytes()
    if not np.isin(array, (0, 1)).all():
        raise ValueError(
            f"`{name}` must be 0 or 1 everywhere. Received: {name} in "
            f"{array.min()}..{array.max()}"
        )
    return np.packbits(array != 0).tobytes()


def _to_array(name, data, size):
    size = (256, 256) if name.endswith("_256") else size
    if name in _FLOWS:
        array = np.frombuffer(data, "uint8").reshape(4, -1).T
        array = np.ascontiguousarray(array).view("<f4").reshape(2, *size)
        return np.moveaxis(array, 0, -1).astype("float32", "C")
    bits = np.unpackbits(np.frombuffer(data, "uint8"))
    return bits[: size[0] * size[1]].reshape(*size, 1).astype(bool)


def _shapes(pair):
    return {name: np.shape(pair[name]) for name in sorted(pair)}


@functools.lru_cache(maxsize=4)
def _order(seed, epoch, number):
    return np.random.default_rng([seed, 7, epoch]).permutation(number)


def _find_shards(folder):
    """Returns the names of all shards of a folder, in order."""
    if not os.path.isdir(folder):
        raise ValueError(
            "`folder` must be a folder of rendered pairs. "
            f"Received: folder='{folder}'"
        )
    matches = [_SHARD.fullmatch(name) for name in os.listdir(folder)]
    counts = {int(match[2]) for match in matches if match}
    if len(counts) != 1:
        raise ValueError(
            "`folder` must have the shards of one run, such as "
            f"'{shard_name(0, 20)}'. Received: folder='{folder}', with shards "
            f"of {sorted(counts) or 'none'}"
        )
    names = (shard_name(i, *counts) for i in range(*counts))
    paths = [os.path.join(folder, name) for name in names]
    for path in paths:
        if not os.path.isfile(path):
            raise ValueError(
                f"Cannot read pairs '{path}': this shard is missing. Render "
                "it again: the same command makes only what is missing."
            )
    return paths
