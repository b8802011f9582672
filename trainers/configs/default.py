"""The embedded default: compact BaseNet-GOCor on synthetic pairs.

gocor-train --workdir=DIR --config=trainers/configs/default.py
    --config.data.image_dir=PHOTOGRAPHS --config.num_threads=1

One CPU core: 67 minutes. Expected on held-out photographs (420 to train on):
AEPE 22 px at 256 x 256, PCK-5 42 %. The embedded weights come from a second
run, `--config.model.init_weights=DIR/model.weights.h5
--config.num_steps=10400`, in 98 minutes: 15 px, 53 %. On real pairs see
docs/model_card.md.
"""

from gocor_tf.trainers.configs import schema

VARIANTS = ("full", "feature", "smoke")


def get_config(variant="full"):
    """Returns the setup.

    Args:
        variant: "full"; "feature", the same network and pairs with plain
            correlation; "smoke", two steps of two pairs.

    Raises:
        ValueError: if there is no such variant.
    """
    if variant not in VARIANTS:
        raise ValueError(
            f"`variant` must be one of {VARIANTS}. "
            f"Received: variant={variant!r}"
        )
    config = schema.TrainConfig()
    config.num_steps = 6400
    config.checkpoint_every = 250
    config.validation.interval = 500
    config.data.batch_size = 4
    config.optimizer.learning_rate = 7e-4
    config.picture_every = 500
    config.data.warp.rotation_probability = 0.4
    config.data.warp.zoom_probability = 0.4
    config.loss.matching_weight = 2e4
    if variant == "feature":
        config.model.global_correlation = "feature"
        config.model.local_correlation = "feature"
    if variant == "smoke":
        config.num_steps = 2
        config.checkpoint_every = 1
        config.log_every = 1
        config.data.batch_size = 2
        config.validation.num_pairs = 2
        config.validation.interval = 1
        config.picture_every = 2
    return config
