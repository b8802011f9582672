"""Rendering of training pairs, beside the same formulas in OpenCV and NumPy.

Ours is what `gocor-train --render` does: a thread for each core, in which
parameters are drawn, then compiled functions. OpenCV has its own threads
inside its functions. Both end with tensors of a batch.
"""

import concurrent.futures
import functools
import itertools
import os

import cv2
import numpy as np
from keras import ops

from benchmarks import stopwatch
from benchmarks.opencv_pairs import OpenCVPairs
from gocor_tf.data import batches
from gocor_tf.data.augmentation import AppearanceRanges
from gocor_tf.data.cut_outs import PhotographCutOuts
from gocor_tf.data.moving_objects import ObjectRanges
from gocor_tf.data.perturbations import PerturbationRanges
from gocor_tf.data.static_warps import StaticWarps
from gocor_tf.data.synthetic_pairs import SyntheticPairs
from gocor_tf.trainers import assembly

SIZE = 520
BATCH_SIZE = 4
# name -> whether references are bent, and number of objects.
STACKS = {
    "static": (False, 0),
    "static + perturbation": (True, 0),
    "PDC-Net+ stack": (True, 4),
}
COARSE = "OpenCV with coarse noise"
_NUM_BATCHES = os.cpu_count()
_PHOTOGRAPH = (768, 1024)
_NUM_PHOTOGRAPHS = 8


def time_stack(name, seconds, size=SIZE, batch_size=BATCH_SIZE):
    """Times both ways of making batches in turn.

    Args:
        name: one of `STACKS`.
        seconds: time to spend, as in `stopwatch.time_interleaved`.
        size: side of the images of a pair, in pixels.
        batch_size: pairs in a batch.

    Returns:
        Dict: way -> `stopwatch.Spread` of the time for one pair, in ms: ours,
        OpenCV as published and, where references are bent, OpenCV with noise
        as coarse as ours.
    """
    perturbs, num_objects = STACKS[name]
    images = photographs()
    source = _source(images, size, perturbs, num_objects)
    ways = {"ours": _our_batches(source, batch_size)}
    for way, coarse_noise in (("OpenCV", False), (COARSE, True)):
        if coarse_noise and not perturbs:
            continue
        yardstick = OpenCVPairs(
            images, size, perturbs, num_objects, coarse_noise
        )
        ways[way] = _opencv_batches(yardstick, batch_size)
    return stopwatch.time_interleaved(
        ways,
        seconds,
        statistic=functools.partial(
            stopwatch.spread, divisor=batch_size * _NUM_BATCHES
        ),
    )


def photographs():
    """Returns photographs of smooth blobs."""
    rng = np.random.default_rng(0)
    height, width = _PHOTOGRAPH
    return [
        cv2.resize(
            rng.integers(0, 256, (24, 32, 3), "uint8"),
            (width, height),
            interpolation=cv2.INTER_CUBIC,
        )
        for _ in range(_NUM_PHOTOGRAPHS)
    ]


def _source(images, size, perturbs, num_objects):
    options = {}
    if perturbs:
        options["perturbation"] = PerturbationRanges(number=(5, 15))
    if num_objects:
        options["objects"] = ObjectRanges(number=num_objects)
        options["cut_outs"] = PhotographCutOuts(images)
        options["mask"] = "reprojection"
    return SyntheticPairs(
        images,
        size=size,
        law=StaticWarps(),
        appearance=AppearanceRanges(probability=0.0),
        **options,
    )


def _our_batches(source, batch_size):
    render = assembly.compile_render(source)
    pool = concurrent.futures.ThreadPoolExecutor(_NUM_BATCHES)

    def make(numbers):
        batch = batches.make_batch(source, numbers)
        return render({k: ops.convert_to_tensor(v) for k, v in batch.items()})

    return _next_batches(functools.partial(pool.map, make), batch_size)


def _opencv_batches(yardstick, batch_size):
    def make(numbers):
        batch = yardstick.batch(numbers)
        return {k: ops.convert_to_tensor(v) for k, v in batch.items()}

    return _next_batches(functools.partial(map, make), batch_size)


def _next_batches(make_all, batch_size):
    """Returns a function without arguments: each call makes more batches."""
    starts = itertools.count(step=batch_size)

    def make_next():
        first = itertools.islice(starts, _NUM_BATCHES)
        return list(make_all([list(range(s, s + batch_size)) for s in first]))

    return make_next
