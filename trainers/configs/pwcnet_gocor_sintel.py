"""PWC-Net-GOCor, fine-tuned as on Sintel; the recipe is our proposal.

gocor-train --workdir=runs/pwcnet_gocor_sintel
    --config=trainers/configs/pwcnet_gocor_sintel.py
    --config.data.image_dir=PHOTOGRAPHS

Starts from runs/pwcnet_gocor_things/model.weights.h5, or from
`--config.model.init_weights=FILE`. The paper names the schedule of PWC-Net
without its numbers (spec 4.4); the robust loss is PWC-Net's. There is no reader
of Sintel yet: the run trains on whatever `data` gives, by default synthetic
pairs with a moving object, so expect other scores.
Steps: 200,000 of 4 pairs. Hardware: 1, 2 or 4 GPUs. Time: not measured; 0.8
million pairs are 6 hours at 40 a second.
Published scores, on Sintel (GOCor, Table 3): KITTI-2012 AEPE 2.60 px, Fl
9.67 %; KITTI-2015 AEPE 7.64 px, Fl 20.93 %; on Sintel itself, clean AEPE
1.74 px, final 2.28 px.
"""

from gocor_tf.trainers.configs import published, pwcnet_gocor_things


def get_config(variant="full"):
    """Returns the setup.

    Args:
        variant: "full"; "feature", plain PWC-Net from a plain
            runs/pwcnet_things; "smoke", two small steps.

    Raises:
        ValueError: if there is no such variant.
    """
    config = pwcnet_gocor_things.get_config(variant)
    network = "pwcnet" if variant == "feature" else "pwcnet_gocor"
    config.model.init_weights = f"runs/{network}_things/model.weights.h5"
    config.model.partial = False
    config.loss.name = "charbonnier"
    published.set_schedule(config, 4, 1e-5, 20, (8, 12, 16))
    if variant == "smoke":
        published.shrink(config, size=64)
    return config
