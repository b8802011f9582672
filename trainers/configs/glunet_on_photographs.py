"""GLU-Net on any photographs, warped on the fly, as published (spec 1.3, 1.4).

gocor-train --workdir=runs/glunet_on_photographs
    --config=trainers/configs/glunet_on_photographs.py
    --config.data.image_dir=PHOTOGRAPHS --config.data.objects.coco_dir=COCO

The published example (train_GLUNet_with_synthetically_generated_data): single
images of MegaDepth, a moving object of COCO, changed colours. Published kernels
of the blur are cut off at 3 to 7 pixels; ours are not. Without `coco_dir`,
objects are cut out of the photographs: not as published.
Steps: 150 epochs * 30,000 / 16 pairs = 281,250; the number of pairs in an epoch
is that of the other published recipes with a sampler. Hardware: 1, 2, 4, 8 or
16 GPUs. Time: not measured; 4.5 million pairs are 31 hours at 40 a second.
Published scores: none.
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
    config.data.law = "free"
    config.data.mask = "zero_border"
    published.add_objects(config)
    # The published 0.2 of a turn.
    published.set_color_jitter(
        config, hue=72.0, grey_probability=0.2, blur_probability=0.5
    )
    published.set_schedule(
        config, 16, 1e-4, 150, (100, 120, 130), published.SAMPLED_PAIRS
    )
    if variant == "smoke":
        published.shrink(config)
    return config
