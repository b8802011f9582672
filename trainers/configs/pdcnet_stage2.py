"""PDC-Net, second stage, as published (PDCNet_stage2).

gocor-train --workdir=runs/pdcnet_stage2
    --config=trainers/configs/pdcnet_stage2.py
    --config.data.image_dir=PHOTOGRAPHS --config.data.objects.coco_dir=COCO
    --config.data.megadepth.root=MEGADEPTH --config.data.megadepth.scenes=SCENES

Starts from runs/pdcnet_stage1/model.weights.h5, or from
`--config.model.init_weights=FILE`. The pyramid learns at a fifth of the rate of
the rest.
Steps: 100 epochs * 30,000 / 10 pairs = 300,000. Hardware: 1, 2, 5 or 10 GPUs.
Time: not measured; 3.0 million pairs are 21 hours at 40 a second.
Published scores, direct mode (the authors' README; spec 6.9): MegaDepth
PCK-1 68.97 %, PCK-5 85.68 %; KITTI-2012 AEPE 2.08 px, Fl 7.98 %; KITTI-2015
AEPE 5.22 px, Fl 15.13 %.
"""

from gocor_tf.trainers.configs import pdcnet_stage1, published


def get_config(variant="full"):
    """Returns the setup.

    Args:
        variant: "full", or "smoke": two small steps.

    Raises:
        ValueError: if there is no such variant.
    """
    published.check_variant(variant)
    config = pdcnet_stage1.get_config()
    published.begin_second_stage(config, "runs/pdcnet_stage1/model.weights.h5")
    published.set_schedule(
        config, 10, 5e-5, 100, (40, 60, 80), published.SAMPLED_PAIRS
    )
    config.optimizer.backbone_learning_rate = 1e-5
    if variant == "smoke":
        published.shrink(config)
    return config
