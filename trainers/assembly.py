"""The parts of a training run, built from its configuration."""

import contextlib
import dataclasses
import functools

import keras
from absl import logging

from gocor_tf.data.augmentation import AppearanceRanges
from gocor_tf.data.coco import CocoCutOuts
from gocor_tf.data.consistency_triplets import ConsistencyTriplets
from gocor_tf.data.cut_outs import PhotographCutOuts
from gocor_tf.data.free_warps import FreeWarps
from gocor_tf.data.megadepth import MegaDepthPairs
from gocor_tf.data.mixture import Mixture
from gocor_tf.data.moving_objects import ObjectRanges
from gocor_tf.data.pair_records import PairRecords
from gocor_tf.data.perturbations import PerturbationRanges
from gocor_tf.data.random_warps import ViewWarps
from gocor_tf.data.static_warps import StaticWarps
from gocor_tf.data.synthetic_pairs import SyntheticPairs, run_stages
from gocor_tf.data.unlabelled_pairs import UnlabelledPairs
from gocor_tf.data.warp_table import WarpTable
from gocor_tf.models import load_model
from gocor_tf.models.weights import load_weights_partially

from . import optimizers, runners, strategies, validation
from .training_step import TrainingStep

LAWS = ("views", "static", "table", "free")
# Validation pairs are the same for every run, whatever its seed.
_VALIDATION_SEED = 1


def is_tensorflow():
    """Returns whether Keras runs on TensorFlow."""
    return keras.backend.backend() == "tensorflow"


def prepare_backend(config):
    """Sets threads, determinism, dtype policy and seeds of the process.

    Args:
        config: `TrainConfig`.
    """
    if is_tensorflow():
        import tensorflow as tf

        tf.get_logger().setLevel("WARNING")
        if config.num_threads:
            threading = tf.config.threading
            threading.set_intra_op_parallelism_threads(config.num_threads)
            threading.set_inter_op_parallelism_threads(config.num_threads)
        if config.deterministic:
            tf.config.experimental.enable_op_determinism()
            # Operations side by side decide which of three gradients AddN adds
            # last: it begins with one whose memory nothing else needs any more.
            tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(config.dtype_policy)


def create_source(config, images, seed):
    """Returns the source of training pairs.

    Args:
        config: `TrainConfig`.
        images: names of the photographs.
        seed: a non-negative integer.
    """
    data = config.data
    if data.records_dir:
        return PairRecords(data.records_dir, seed=seed)
    if config.loss.name == "warp_consistency":
        return ConsistencyTriplets(
            UnlabelledPairs(
                data.image_dir, data.pair_list, seed=seed, images=images
            ),
            law=FreeWarps(**dataclasses.asdict(data.free_warp)),
            seed=seed,
            size=data.size,
            appearance=AppearanceRanges(**dataclasses.asdict(data.appearance)),
        )
    pairs = _synthetic_pairs(config, images, seed)
    settings = dataclasses.asdict(data.megadepth)
    share = settings.pop("share")
    if not settings["root"]:
        return pairs
    real = MegaDepthPairs(**settings, seed=seed, size=data.size)
    return Mixture([pairs, real], [1 - share, share], seed=seed)


def create_validation(config, model, images):
    """Returns the validation on synthetic pairs of held-out photographs.

    Args:
        config: `TrainConfig`.
        model: the network.
        images: names of the held-out files.
    """
    return validation.Validation(
        model,
        _synthetic_pairs(config, images, _VALIDATION_SEED),
        config.validation.num_pairs,
        config.validation.thresholds,
    )


def compile_render(source):
    """Returns a source's `render`, compiled by XLA whatever the step is.

    It is many small operations, which XLA fuses.

    Args:
        source: of pairs.
    """
    if isinstance(source, Mixture):
        return _compile_mixture(source)
    if not hasattr(source, "stages"):
        return _compile(source.render)
    stages = [_compile(stage) for stage in source.stages]
    return functools.partial(run_stages, stages)


def _compile_mixture(mixture):
    renders = [compile_render(member) for member in mixture.members]
    pick = _compile(mixture.pick)

    def render(batch):
        rendered = [
            render(mixture.part(batch, index))
            for index, render in enumerate(renders)
        ]
        return pick({"member": batch["member"]}, rendered)

    return render


def _compile(function):
    if is_tensorflow():
        import tensorflow as tf

        return tf.function(function, autograph=False, jit_compile=True)
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    return function


def create_runner(config, source):
    """Returns the network, and the runner that trains it.

    Args:
        config: `TrainConfig`.
        source: of the training pairs.

    Raises:
        ValueError: if the batch cannot be split evenly over the replicas.
    """
    strategy = strategies.create_strategy(
        config.strategy, config.devices, config.worker_timeout
    )
    num_replicas = strategy.num_replicas_in_sync if strategy else 1
    parts = num_replicas * config.optimizer.accumulation
    if config.data.batch_size % parts:
        raise ValueError(
            f"`data.batch_size` must be a multiple of {parts}: "
            f"{num_replicas} replicas times `optimizer.accumulation`. "
            f"Received: data.batch_size={config.data.batch_size}"
        )
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = _create_model(config, num_replicas)
    step = TrainingStep(
        model,
        compile_render(source),
        config.loss,
        config.optimizer,
        config.model.num_iterations,
        config.num_steps,
    )
    if strategy:
        return model, runners.TensorFlowRunner(
            step, strategy, config.jit_compile
        )
    return model, runners.JaxRunner(step)


def _create_model(config, num_replicas):
    arguments = dataclasses.asdict(config.model)
    preset = arguments.pop("preset")
    weights = arguments.pop("init_weights") or None
    partial = arguments.pop("partial")
    train_backbone = arguments.pop("train_backbone")
    del arguments["num_iterations"]
    chosen = {k: v for k, v in arguments.items() if v is not None}
    if not preset.startswith("pwcnet"):  # It has no batch normalization.
        synchronized = config.synchronize_batch_norm and num_replicas > 1
        chosen["synchronized"] = synchronized
    if partial and weights not in (None, "imagenet", "preset"):
        model = load_model(preset, None, **chosen)
        logging.info("%s: %s", weights, load_weights_partially(model, weights))
    else:
        model = load_model(preset, weights, **chosen)
    for pyramid in optimizers.pyramids(model):
        pyramid.trainable = train_backbone
    return model


def _synthetic_pairs(config, images, seed):
    data = config.data
    objects = dataclasses.asdict(data.objects)
    coco_dir = objects.pop("coco_dir")
    cut_outs = None
    if objects["number"]:
        cut_outs = (
            CocoCutOuts(coco_dir)
            if coco_dir
            else (PhotographCutOuts(images, data.size))
        )
    bends = data.perturbation.number[1] > 0
    law, images = _law(data, images)
    return SyntheticPairs(
        images,
        seed=seed,
        size=data.size,
        law=law,
        appearance=AppearanceRanges(**dataclasses.asdict(data.appearance)),
        perturbation=(
            PerturbationRanges(**dataclasses.asdict(data.perturbation))
            if bends
            else None
        ),
        objects=ObjectRanges(**objects) if cut_outs else None,
        cut_outs=cut_outs,
        mask=data.mask,
        cache_megabytes=data.cache_megabytes,
    )


def _law(data, images):
    """Returns how pairs are warped, and the photographs it is for."""
    if data.law not in LAWS:
        raise ValueError(
            f"`data.law` must be one of {LAWS}. Received: data.law={data.law!r}"
        )
    if data.law == "views":
        ranges = dataclasses.asdict(data.warp)
        return (
            ViewWarps(
                **ranges,
                canvas_size=data.canvas_size,
                crop_range=data.crop_range,
            ),
            images,
        )
    if data.law == "static":
        return StaticWarps(), images
    if data.law == "free":
        return FreeWarps(**dataclasses.asdict(data.free_warp)), images
    table = WarpTable(data.table, data.image_dir)
    return table, table.images
