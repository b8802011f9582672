"""PDC-Net, first stage, as published (PDCNet_stage1).

gocor-train --workdir=runs/pdcnet_stage1
    --config=trainers/configs/pdcnet_stage1.py
    --config.data.image_dir=PHOTOGRAPHS --config.data.objects.coco_dir=COCO

Without `coco_dir`, objects are cut out of the photographs: not as published.
The label of global GOCor is not trained; the preset says so.
Steps: 50 epochs * ceil(40,000 / 15 pairs) = 133,350. Hardware: 1, 3, 5 or 15
GPUs. Time: not measured; 2.0 million pairs are 14 hours at 40 a second.
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
    config = published.new_config("pdcnet")
    published.use_gocor(config)
    published.add_perturbations(config)
    published.add_objects(config)
    config.loss.name = "negative_log_likelihood"
    published.set_schedule(config, 15, 1e-4, 50, (30, 40))
    if variant == "smoke":
        published.shrink(config)
    return config
