"""BaseNet with GOCor, for the ablation of the GOCor paper; the recipe is ours.

gocor-train --workdir=runs/basenet_gocor
    --config=trainers/configs/basenet_gocor.py
    --config.data.image_dir=PHOTOGRAPHS --config.data.objects.coco_dir=COCO

Everything but the volumes is as in basenet.py, which says where it is from.
Steps: 150 epochs * 40,000 / 16 pairs = 375,000. Hardware: 1, 2, 4, 8 or 16
GPUs. Time: not measured; 6.0 million pairs are 17 hours at 100 a second.
Published scores (GOCor, Table 6, global and local GOCor): HPatches AEPE
23.57 px, PCK-5 78.30 %; KITTI-2012 AEPE 3.45 px, Fl 25.42 %; KITTI-2015 AEPE
7.10 px, Fl 39.57 %.
"""

from gocor_tf.trainers.configs import basenet, published


def get_config(variant="full"):
    """Returns the setup.

    Args:
        variant: "full"; "static", the same without objects; "smoke", two
            small steps.

    Raises:
        ValueError: if there is no such variant.
    """
    config = basenet.get_config(variant)
    config.model.preset = "basenet_gocor"
    published.use_gocor(config)
    return config
