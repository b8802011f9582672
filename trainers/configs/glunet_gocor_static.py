"""GLU-Net-GOCor on static pairs, as published (spec 4.2, GOCor_static).

gocor-train --workdir=runs/glunet_gocor_static
    --config=trainers/configs/glunet_gocor_static.py
    --config.data.image_dir=PHOTOGRAPHS

Steps: 100 epochs * 40,000 / 16 pairs = 250,000. Hardware: 1, 2, 4, 8 or 16
GPUs. Time: not measured; 4.0 million pairs are 28 hours at 40 a second.
Published scores ("this repo", the authors' README; spec 6.9): HPatches AEPE
20.16 px, PCK-5 81.46 %; MegaDepth PCK-1 32.24 %, PCK-5 58.90 %.
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
    config = published.new_config("glunet_gocor")
    published.use_gocor(config)
    published.set_schedule(config, 16, 1e-4, 100, (65, 75, 95))
    if variant == "smoke":
        published.shrink(config)
    return config
