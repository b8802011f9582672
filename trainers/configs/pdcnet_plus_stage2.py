"""PDC-Net+, second stage, as published (PDCNet_plus_stage2).

gocor-train --workdir=runs/pdcnet_plus_stage2
    --config=trainers/configs/pdcnet_plus_stage2.py
    --config.data.image_dir=PHOTOGRAPHS --config.data.objects.coco_dir=COCO
    --config.data.megadepth.root=MEGADEPTH --config.data.megadepth.scenes=SCENES

Starts from runs/pdcnet_plus_stage1/model.weights.h5, or from
`--config.model.init_weights=FILE`. Each resolution has a pyramid of its own
now, which starts from the first stage's: frozen there, so that of ImageNet.
Objects turn by up to 30 degrees (spec, T-16). All weights share one learning
rate (T-10).
Steps: 150 epochs * 30,000 / 10 pairs = 450,000. Hardware: 1, 2, 5 or 10 GPUs.
Time: not measured; 4.5 million pairs are 31 hours at 40 a second.
Published scores, direct mode (papers' figures; spec 6.9): MegaDepth PCK-1
72.41 %, PCK-5 88.13 %; KITTI-2012 AEPE 1.76 px, Fl 6.60 %; KITTI-2015 AEPE
4.53 px, Fl 12.62 %.
"""

from gocor_tf.trainers.configs import pdcnet_plus_stage1, published


def get_config(variant="full"):
    """Returns the setup.

    Args:
        variant: "full", or "smoke": two small steps.

    Raises:
        ValueError: if there is no such variant.
    """
    published.check_variant(variant)
    config = pdcnet_plus_stage1.get_config()
    config.model.two_pyramids = True
    config.data.objects.rotation = 30.0
    published.begin_second_stage(
        config, "runs/pdcnet_plus_stage1/model.weights.h5"
    )
    published.set_schedule(
        config, 10, 5e-5, 150, (70, 100, 120), published.SAMPLED_PAIRS
    )
    if variant == "smoke":
        published.shrink(config)
    return config
