"""The embedded default: compact PDC-Net on synthetic pairs.

gocor-train --workdir=DIR --config=trainers/configs/default.py
    --config.data.image_dir=PHOTOGRAPHS

First the flow alone is learned, then its likelihood: of the pixels whose match
is out of view, too, which an end-point error could not bear. The same command
goes on after a stop. What the embedded weights were trained with, and what
came of it: docs/model_card.md.
"""

from gocor_tf.trainers.configs import schema

VARIANTS = ("full", "feature", "query", "smoke")


def get_config(variant="full"):
    """Returns the setup.

    Args:
        variant: "full"; "feature", the same network and pairs with plain
            correlation; "query", with GOCor's query objective; "smoke", two
            steps of two plain pairs, for the flow alone.

    Raises:
        ValueError: if there is no such variant.
    """
    if variant not in VARIANTS:
        raise ValueError(
            f"`variant` must be one of {VARIANTS}. "
            f"Received: variant={variant!r}"
        )
    config = schema.TrainConfig()
    config.num_steps = 20000
    config.checkpoint_every = 250
    config.validation.interval = 500
    config.picture_every = 500
    config.data.batch_size = 4
    config.data.size = 320
    config.data.mask = "zero_border"
    config.data.warp.rotation_probability = 0.4
    config.data.warp.zoom_probability = 0.4
    config.data.warp.gentle_probability = 0.5
    config.data.objects.number = 4
    config.data.objects.random_number = True
    config.data.objects.probability = 0.6
    config.data.appearance.blur = (0.2, 2.5)
    config.data.appearance.jpeg_probability = 0.2
    config.loss.name = "negative_log_likelihood"
    config.loss.flow_first = 0.4
    config.loss.level_weights = (0.32, 0.08, 0.05, 0.02)
    config.loss.matching_weight = 2e4
    config.optimizer.learning_rate = 6e-4
    config.optimizer.average_decay = 0.995
    if variant == "feature":
        config.model.global_correlation = "feature"
        config.model.local_correlation = "feature"
    if variant == "query":
        config.model.global_gocor = {"query_objective": True}
    if variant == "smoke":
        config.data.size = 256
        config.data.mask = "valid"
        config.data.objects.number = 0
        # Its rounding turns a replica's last bits into grey levels.
        config.data.appearance.jpeg_probability = 0.0
        config.loss.name = "endpoint_error"
        config.loss.flow_first = 0.0
        config.optimizer.average_decay = 0.0
        config.num_steps = 2
        config.checkpoint_every = 1
        config.log_every = 1
        config.data.batch_size = 2
        config.validation.num_pairs = 2
        config.validation.interval = 1
        config.picture_every = 2
    return config
