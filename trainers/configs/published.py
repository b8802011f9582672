"""What the published trainings share: data, optimizer, length (spec 1.10, 4).

Recipe files put these together. Each function changes a `TrainConfig`.

The published runs count epochs of 40,000 pairs, the size of their table of
static warps, or of 30,000 pairs drawn from more than that. Here a run has
steps: `epochs * ceil(pairs / batch_size)`, and the milestones of the learning
rate are fractions, milestone / epochs.
"""

import math

from gocor_tf.trainers.configs import data_schema, schema

STATIC_PAIRS = 40_000
SAMPLED_PAIRS = 30_000
# At most 300 pairs of each of 150 scenes join the 40,000 static ones.
MEGADEPTH_PAIRS = 45_000

DENSE_WEIGHTS = (0.32, 0.08, 0.02, 0.01)
SPARSE_WEIGHTS = (0.08, 0.08, 0.02, 0.02)


def check_variant(variant, variants=("full", "smoke")):
    """Checks the argument of a recipe's `get_config`.

    Args:
        variant: what was asked for.
        variants: what there is.

    Raises:
        ValueError: if there is no such variant.
    """
    if variant not in variants:
        raise ValueError(
            f"`variant` must be one of {variants}. "
            f"Received: variant={variant!r}"
        )


def new_config(preset):
    """Returns the start of a recipe: a VGG-16 network on static pairs.

    The pyramid has the weights of ImageNet and keeps them; pairs of 520 x 520
    pixels follow the published laws of warps; colours stay as they are, and
    the loss counts everywhere.

    Args:
        preset: name of the network.
    """
    config = schema.TrainConfig()
    config.model.preset = preset
    config.model.init_weights = "imagenet"
    config.model.train_backbone = False
    config.data.law = "static"
    config.data.size = 520
    config.data.mask = "none"
    config.data.appearance.probability = 0.0
    config.data.num_workers = 8
    config.loss.level_weights = DENSE_WEIGHTS
    config.checkpoint_every = 1000
    return config


def set_schedule(
    config, batch_size, learning_rate, epochs, milestones, pairs=STATIC_PAIRS
):
    """Sets Adam with L2 in the gradient, its steps, and the run's length.

    Args:
        config: `TrainConfig`.
        batch_size: pairs a step.
        learning_rate: at the start; halved at each milestone.
        epochs: of the published run.
        milestones: epochs after which the learning rate is halved.
        pairs: in an epoch.
    """
    steps_per_epoch = math.ceil(pairs / batch_size)
    config.data.batch_size = batch_size
    config.num_steps = epochs * steps_per_epoch
    config.validation.interval = steps_per_epoch
    config.picture_every = steps_per_epoch
    optimizer = config.optimizer
    optimizer.name = "adam"
    optimizer.learning_rate = learning_rate
    optimizer.schedule = "step"
    optimizer.warmup = 0.0
    optimizer.milestones = tuple(m / epochs for m in milestones)
    optimizer.decay_factor = 0.5
    optimizer.epsilon = 1e-8
    optimizer.weight_decay = 4e-4


def use_gocor(config):
    """Sets the published three iterations of global and local GOCor."""
    config.model.num_iterations = 3


def add_objects(config, number=1, rotation=30.0):
    """Adds things that move on their own to four pairs in five.

    Args:
        config: `TrainConfig`.
        number: of them in such a pair.
        rotation: largest, in degrees.
    """
    config.data.objects.number = number
    config.data.objects.rotation = rotation
    config.data.objects.probability = 0.8
    config.data.objects.scale = 0.3


def add_perturbations(config):
    """Bends the reference in 5 to 15 small places."""
    config.data.perturbation = data_schema.PerturbationConfig(number=(5, 15))


def set_color_jitter(config, hue, grey_probability, blur_probability):
    """Sets the published changes of colour, for all images that may change.

    Args:
        config: `TrainConfig`.
        hue: largest rotation, in degrees.
        grey_probability: share of images without colour.
        blur_probability: share of images that are blurred.
    """
    config.data.appearance = data_schema.AppearanceConfig(
        brightness=0.6,
        contrast=0.6,
        saturation=0.6,
        hue=hue,
        color_cast=0.0,
        tone=0.0,
        grey_probability=grey_probability,
        blur_probability=blur_probability,
        blur=(0.2, 2.0),
        noise=0.0,
    )


def begin_second_stage(config, weights):
    """Adds MegaDepth and trains the pyramids too, from a first stage.

    Args:
        config: `TrainConfig`.
        weights: `.weights.h5` file of the first stage.
    """
    config.model.init_weights = weights
    config.model.partial = True
    config.model.train_backbone = True
    config.loss.upsample = True
    config.loss.level_weights = SPARSE_WEIGHTS
    megadepth = config.data.megadepth
    megadepth.share = MEGADEPTH_PAIRS / (MEGADEPTH_PAIRS + STATIC_PAIRS)
    megadepth.pairs_per_scene = 300


def use_consistency(config, homography_shift, tps_shift, affine_tps_shift):
    """Trains on unlabelled pairs and free warps (spec 1.3, 3.6).

    Args:
        config: `TrainConfig`.
        homography_shift: see `FreeWarpConfig`, as the others.
        tps_shift: of splines alone.
        affine_tps_shift: of splines with an affine warp.
    """
    config.data.law = "free"
    config.data.mask = "zero_border"
    config.data.free_warp.homography_shift = homography_shift
    config.data.free_warp.tps_shift = tps_shift
    config.data.free_warp.affine_tps_shift = affine_tps_shift
    config.loss.name = "warp_consistency"
    # The published 0.5 / pi of a turn.
    set_color_jitter(
        config, hue=57.3, grey_probability=0.0, blur_probability=0.2
    )


def shrink(config, size=256):
    """Makes a recipe its smoke variant: two small steps from scratch.

    It needs no weights, no COCO and no MegaDepth.

    Args:
        config: `TrainConfig`.
        size: side of the images, in pixels: 256 is the least that GLU-Net
            does not enlarge.
    """
    config.num_steps = 2
    config.checkpoint_every = 1
    config.log_every = 1
    config.picture_every = 2
    config.model.init_weights = ""
    config.data.size = size
    config.data.free_warp.view_size = size * 5 // 4
    config.data.batch_size = 2
    config.data.num_workers = 1
    config.validation.num_pairs = 2
    config.validation.interval = 1
