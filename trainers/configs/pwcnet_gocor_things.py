"""PWC-Net-GOCor, fine-tuned as on 3D-Things; the recipe is our proposal.

gocor-train --workdir=runs/pwcnet_gocor_things
    --config=trainers/configs/pwcnet_gocor_things.py
    --config.data.image_dir=PHOTOGRAPHS
    --config.model.init_weights=pwcnet.weights.h5

The paper says that all weights but GOCor's start from the public PWC-Net of
Chairs and Things (`gocor-convert` makes the file), and are then fine-tuned on
Things; batch, rates and lengths are not published (spec 4.4). There is no
reader of Things yet: the run trains on whatever `data` gives, by default
synthetic pairs with a moving object, so expect other scores.
Steps: 500,000 of 8 pairs. Hardware: 1, 2, 4 or 8 GPUs. Time: not measured; 4.0
million pairs are 28 hours at 40 a second.
Published scores, on Things (GOCor, Table 3): KITTI-2012 AEPE 4.12 px, Fl
19.31 %; KITTI-2015 AEPE 10.33 px, Fl 30.53 %; Sintel clean AEPE 2.38 px, final
3.70 px.
"""

from gocor_tf.trainers.configs import published

VARIANTS = ("full", "feature", "smoke")


def get_config(variant="full"):
    """Returns the setup.

    Args:
        variant: "full"; "feature", plain PWC-Net with the same schedule, the
            paper's baseline; "smoke", two small steps.

    Raises:
        ValueError: if there is no such variant.
    """
    published.check_variant(variant, VARIANTS)
    config = published.new_config("pwcnet_gocor")
    config.model.init_weights = "pwcnet.weights.h5"
    config.model.partial = True
    config.model.train_backbone = True
    # A multiple of 64, so that the network does not stretch the images.
    config.data.size = 512
    published.add_objects(config)
    config.loss.level_weights = (0.32, 0.08, 0.02, 0.01, 0.005)
    # An epoch of 40,000 pairs has 5,000 steps: milestones in hundreds of
    # thousands of steps are 2, 3 and 4.
    published.set_schedule(config, 8, 1e-5, 100, (40, 60, 80))
    if variant == "feature":
        config.model.preset = "pwcnet"
    else:
        published.use_gocor(config)
    if variant == "smoke":
        published.shrink(config, size=64)
    return config
