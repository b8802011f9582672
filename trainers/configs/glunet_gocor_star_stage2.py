"""GLU-Net-GOCor*, second stage, as published (GLUNet_GOCor_star_stage2).

gocor-train --workdir=runs/glunet_gocor_star_stage2
    --config=trainers/configs/glunet_gocor_star_stage2.py
    --config.data.image_dir=PHOTOGRAPHS --config.data.objects.coco_dir=COCO
    --config.data.megadepth.root=MEGADEPTH --config.data.megadepth.scenes=SCENES

Starts from runs/glunet_gocor_star_stage1/model.weights.h5, or from
`--config.model.init_weights=FILE`. As in the published weights, though not in
the published recipe, each resolution gets a pyramid of its own; both start
from the first stage's (spec, T-11). All weights share one learning rate (T-10).
Steps: 100 epochs * 30,000 / 10 pairs = 300,000. Hardware: 1, 2, 5 or 10 GPUs.
Time: not measured; 3.0 million pairs are 21 hours at 40 a second.
Published scores (papers' figures; spec 6.9): MegaDepth PCK-1 57.77 %, PCK-5
82.24 %; KITTI-2012 AEPE 2.26 px, Fl 9.89 %; KITTI-2015 AEPE 5.53 px, Fl
18.27 %.
"""

from gocor_tf.trainers.configs import glunet_gocor_star_stage1, published


def get_config(variant="full"):
    """Returns the setup.

    Args:
        variant: "full", or "smoke": two small steps.

    Raises:
        ValueError: if there is no such variant.
    """
    published.check_variant(variant)
    config = glunet_gocor_star_stage1.get_config()
    config.model.two_pyramids = True
    published.begin_second_stage(
        config, "runs/glunet_gocor_star_stage1/model.weights.h5"
    )
    published.set_schedule(
        config, 10, 5e-5, 100, (40, 60, 80), published.SAMPLED_PAIRS
    )
    if variant == "smoke":
        published.shrink(config)
    return config
