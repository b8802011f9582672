"""The parts of a training run, built from its configuration."""

import contextlib
import dataclasses

import keras

from gocor_tf.data.synthetic_pairs import SyntheticPairs
from gocor_tf.models import load_model

from . import runners, validation
from .training_step import TrainingStep

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
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(config.dtype_policy)


def create_pairs(config, images):
    """Returns the training pairs of some photographs.

    Args:
        config: `TrainConfig`.
        images: names of the files.
    """
    return _pairs(config, images, config.data.batch_size, config.seed)


def create_validation(config, model, images):
    """Returns the validation on held-out photographs.

    Args:
        config: `TrainConfig`.
        model: the network.
        images: names of the held-out files.
    """
    pairs = _pairs(config, images, validation.BATCH_SIZE, _VALIDATION_SEED)
    return validation.Validation(
        model,
        pairs,
        config.validation.num_pairs,
        config.validation.thresholds,
    )


def create_runner(config, pairs):
    """Returns the network, and the runner that trains it.

    Args:
        config: `TrainConfig`.
        pairs: `SyntheticPairs` of the training photographs.

    Raises:
        ValueError: if the batch cannot be split evenly over the replicas.
    """
    strategy = runners.create_strategy(config.devices)
    num_replicas = strategy.num_replicas_in_sync if strategy else 1
    if config.data.batch_size % num_replicas:
        raise ValueError(
            f"`data.batch_size` must be a multiple of the {num_replicas} "
            f"replicas. Received: data.batch_size={config.data.batch_size}"
        )
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = _create_model(config, num_replicas)
    step = TrainingStep(model, pairs.render, config.loss, config.optimizer)
    if strategy:
        return model, runners.TensorFlowRunner(step, strategy)
    return model, runners.JaxRunner(step)


def _create_model(config, num_replicas):
    arguments = dataclasses.asdict(config.model)
    preset = arguments.pop("preset")
    weights = arguments.pop("init_weights") or None
    chosen = {k: v for k, v in arguments.items() if v is not None}
    synchronized = config.synchronize_batch_norm and num_replicas > 1
    return load_model(preset, weights, synchronized=synchronized, **chosen)


def _pairs(config, images, batch_size, seed):
    return SyntheticPairs(
        images,
        batch_size,
        seed=seed,
        canvas_size=config.data.canvas_size,
        crop_range=config.data.crop_range,
        cache_megabytes=config.data.cache_megabytes,
        **dataclasses.asdict(config.data.warp),
        **dataclasses.asdict(config.data.appearance),
    )
