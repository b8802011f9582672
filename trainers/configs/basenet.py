"""BaseNet, for the ablation of the GOCor paper; the recipe is ours.

gocor-train --workdir=runs/basenet --config=trainers/configs/basenet.py
    --config.data.image_dir=PHOTOGRAPHS --config.data.objects.coco_dir=COCO

The paper gives the network and the data, "Dynamic", at 256 x 256; no recipe is
published. Ours takes endpoint errors with the three-level weights of the
GLU-Net repository and the schedule of GLU-Net's dynamic recipe. Without
`coco_dir`, objects are cut out of the photographs.
Steps: 150 epochs * 40,000 / 16 pairs = 375,000. Hardware: 1, 2, 4, 8 or 16
GPUs. Time: not measured; 6.0 million pairs are 17 hours at 100 a second.
Published scores (GOCor, Table 6, I): HPatches AEPE 30.94 px, PCK-5 69.22 %;
KITTI-2012 AEPE 4.03 px, Fl 30.49 %; KITTI-2015 AEPE 8.93 px, Fl 48.66 %.
"""

from gocor_tf.trainers.configs import published

VARIANTS = ("full", "static", "smoke")


def get_config(variant="full"):
    """Returns the setup.

    Args:
        variant: "full"; "static", the same without objects; "smoke", two
            small steps.

    Raises:
        ValueError: if there is no such variant.
    """
    published.check_variant(variant, VARIANTS)
    config = published.new_config("basenet")
    config.data.size = 256
    config.loss.level_weights = (0.32, 0.08, 0.02)
    published.set_schedule(config, 16, 1e-4, 150, (100, 120, 130))
    if variant != "static":
        published.add_objects(config)
    if variant == "smoke":
        published.shrink(config)
    return config
