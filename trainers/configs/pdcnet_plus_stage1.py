"""PDC-Net+, first stage, as published (PDCNet_plus_stage1).

gocor-train --workdir=runs/pdcnet_plus_stage1
    --config=trainers/configs/pdcnet_plus_stage1.py
    --config.data.image_dir=PHOTOGRAPHS --config.data.objects.coco_dir=COCO

Four objects in a pair, always, which turn by up to 90 degrees (spec, T-16);
what they hide does not count. One pyramid serves both resolutions. Without
`coco_dir`, objects are cut out of the photographs: not as published.
Steps: 150 epochs * ceil(40,000 / 14 pairs) = 428,700. Hardware: 1, 2, 7 or 14
GPUs. Time: not measured; 6.0 million pairs are 42 hours at 40 a second.
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
    config = published.new_config("pdcnet_plus")
    # Frozen, a second pyramid would be the same.
    config.model.two_pyramids = False
    published.use_gocor(config)
    published.add_perturbations(config)
    published.add_objects(config, number=4, rotation=90.0)
    config.data.mask = "reprojection"
    config.loss.name = "negative_log_likelihood"
    published.set_schedule(config, 14, 1e-4, 150, (50, 90))
    if variant == "smoke":
        published.shrink(config)
    return config
