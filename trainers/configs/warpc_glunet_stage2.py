"""WarpC-GLU-Net, second stage: harder warps, hidden pixels left out (3.6).

gocor-train --workdir=runs/warpc_glunet_stage2
    --config=trainers/configs/warpc_glunet_stage2.py
    --config.data.image_dir=PHOTOGRAPHS --config.data.pair_list=PAIRS.csv

Starts from runs/warpc_glunet_stage1/model.weights.h5, or from
`--config.model.init_weights=FILE`. The published warps are also bent in 5 to 13
places; triplets cannot be bent yet, and `data.perturbation` says so in vain.
Steps: 45 epochs * 30,000 / 6 pairs = 225,000, see the first stage. Hardware: 1,
2, 3 or 6 GPUs. Time: not measured; 1.35 million triplets are 38 hours at 10 a
second.
Published scores (papers' figures; spec 6.9): MegaDepth PCK-1 50.61 %, PCK-5
78.61 %; RobotCar PCK-1 2.51 %, PCK-5 35.92 %.
"""

from gocor_tf.trainers.configs import (
    data_schema,
    published,
    warpc_glunet_stage1,
)


def get_config(variant="full"):
    """Returns the setup.

    Args:
        variant: "full", or "smoke": two small steps.

    Raises:
        ValueError: if there is no such variant.
    """
    published.check_variant(variant)
    config = warpc_glunet_stage1.get_config()
    config.model.init_weights = "runs/warpc_glunet_stage1/model.weights.h5"
    config.model.train_backbone = True
    published.use_consistency(config, 300 / 750, 300 / 750, 200 / 750)
    config.data.perturbation = data_schema.PerturbationConfig(
        number=(5, 13),
        mask_sigma=(10, 40),
        min_sigma=0.1,
        sigma_range=0.08,
        min_alpha=1.0,
        alpha_range=1.0,
    )
    config.loss.visibility = True
    config.loss.visibility_slope = 0.03
    config.loss.visibility_offset = 0.5
    published.set_schedule(
        config, 6, 5e-5, 45, (20, 30, 40), published.SAMPLED_PAIRS
    )
    if variant == "smoke":
        published.shrink(config)
    return config
