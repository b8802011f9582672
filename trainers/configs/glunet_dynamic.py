"""GLU-Net on pairs with a moving object, as published (GLUNet_dynamic).

gocor-train --workdir=runs/glunet_dynamic
    --config=trainers/configs/glunet_dynamic.py
    --config.data.image_dir=PHOTOGRAPHS --config.data.objects.coco_dir=COCO

Without `coco_dir`, objects are cut out of the photographs: not as published.
Steps: 150 epochs * 40,000 / 16 pairs = 375,000. Hardware: 1, 2, 4, 8 or 16
GPUs. Time: not measured; 6.0 million pairs are 42 hours at 40 a second.
Published scores ("this repo", the authors' README; spec 6.9): MegaDepth
PCK-1 21.59 %, PCK-5 61.91 %; KITTI-2012 AEPE 3.12 px, Fl 19.73 %; KITTI-2015
AEPE 7.59 px, Fl 33.92 %.
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
    published.add_objects(config)
    published.set_schedule(config, 16, 1e-4, 150, (100, 120, 130))
    if variant == "smoke":
        published.shrink(config)
    return config
