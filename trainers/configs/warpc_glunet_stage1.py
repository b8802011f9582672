"""WarpC-GLU-Net, first stage: unlabelled pairs, as published (spec 3.6).

gocor-train --workdir=runs/warpc_glunet_stage1
    --config=trainers/configs/warpc_glunet_stage1.py
    --config.data.image_dir=PHOTOGRAPHS --config.data.pair_list=PAIRS.csv

The published pairs are those of MegaDepth, without their ground truth; without
`pair_list`, successive photographs of a folder are pairs. The published code
exchanges the colour channels of the warped image at random in place of the
hue's rotation that its recipe asks for (T-3); ours rotates the hue.
Steps: 80 epochs * 30,000 / 6 pairs = 400,000; the number of pairs in an epoch
is that of the other published recipes with a sampler. Hardware: 1, 2, 3 or 6
GPUs. Time: not measured; 2.4 million triplets are 67 hours at 10 a second.
Published scores: none of this stage.
"""

from gocor_tf.trainers.configs import published


def get_config(variant="full"):
    """Returns the setup.

    Args:
        variant: "full", or "smoke": two small steps.

    Raises:
        ValueError: if there is no such variant.
    """
    published.check_variant(variant)
    config = published.new_config("glunet")
    config.model.decoder = "residual"
    published.use_consistency(config, 250 / 750, 250 / 750, 60 / 750)
    published.set_schedule(
        config, 6, 1e-4, 80, (50, 65), published.SAMPLED_PAIRS
    )
    if variant == "smoke":
        published.shrink(config)
    return config
