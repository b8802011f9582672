"""GLU-Net-GOCor*, first stage, as published (GLUNet_GOCor_star_stage1).

gocor-train --workdir=runs/glunet_gocor_star_stage1
    --config=trainers/configs/glunet_gocor_star_stage1.py
    --config.data.image_dir=PHOTOGRAPHS --config.data.objects.coco_dir=COCO

Without `coco_dir`, objects are cut out of the photographs: not as published.
Steps: 50 epochs * ceil(40,000 / 15 pairs) = 133,350. Hardware: 1, 3, 5 or 15
GPUs. Time: not measured; 2.0 million pairs are 14 hours at 40 a second.
Published scores: none of this stage.
"""

from gocor_tf.trainers.configs import published

# The preset's, and the width of the label that training starts from.
GLOBAL_GOCOR = {
    "reg_inter_dim": 16,
    "reg_output_dim": 16,
    "step_length_reg": 0.1,
    "init_gauss_sigma": 0.5,
}


def get_config(variant="full"):
    """Returns the setup.

    Args:
        variant: "full", or "smoke": two small steps.

    Raises:
        ValueError: if there is no such variant.
    """
    published.check_variant(variant)
    config = published.new_config("glunet_gocor_star")
    # Frozen, a second pyramid would be the same.
    config.model.two_pyramids = False
    config.model.global_gocor = dict(GLOBAL_GOCOR)
    published.use_gocor(config)
    published.add_perturbations(config)
    published.add_objects(config)
    config.loss.name = "l1"
    published.set_schedule(config, 15, 1e-4, 50, (30, 40))
    if variant == "smoke":
        published.shrink(config)
    return config
