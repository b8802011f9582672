"""Recipes against the rows of spec training.md, 1.10, 1.3, 4.2 and 4.5."""

import dataclasses
import math

import pytest

from gocor_tf.trainers import optimizers
from tests.trainers.configs.recipe_files import get_config

DENSE = (0.32, 0.08, 0.02, 0.01)
SPARSE = (0.08, 0.08, 0.02, 0.02)
EPE, L1 = "endpoint_error", "l1"
NLL, CONSISTENCY = "negative_log_likelihood", "warp_consistency"

# Name: preset, batch, learning rate, milestones, epochs, pairs in an epoch,
# loss, weights of the levels.
TRAININGS = {
    "glunet_static": (
        ("glunet", 16, 1e-4, (65, 75, 95), 100, 40_000, EPE, DENSE)
    ),
    "glunet_gocor_static": (
        ("glunet_gocor", 16, 1e-4, (65, 75, 95), 100, 40_000, EPE, DENSE)
    ),
    "glunet_dynamic": (
        ("glunet", 16, 1e-4, (100, 120, 130), 150, 40_000, EPE, DENSE)
    ),
    "glunet_gocor_dynamic": (
        ("glunet_gocor", 16, 1e-4, (100, 120, 130), 150, 40_000, EPE, DENSE)
    ),
    "glunet_on_photographs": (
        ("glunet", 16, 1e-4, (100, 120, 130), 150, 30_000, EPE, DENSE)
    ),
    "glunet_gocor_star_stage1": (
        ("glunet_gocor_star", 15, 1e-4, (30, 40), 50, 40_000, L1, DENSE)
    ),
    "glunet_gocor_star_stage2": (
        ("glunet_gocor_star", 10, 5e-5, (40, 60, 80), 100, 30_000, L1, SPARSE)
    ),
    "pdcnet_stage1": (("pdcnet", 15, 1e-4, (30, 40), 50, 40_000, NLL, DENSE)),
    "pdcnet_stage2": (
        ("pdcnet", 10, 5e-5, (40, 60, 80), 100, 30_000, NLL, SPARSE)
    ),
    "pdcnet_plus_stage1": (
        ("pdcnet_plus", 14, 1e-4, (50, 90), 150, 40_000, NLL, DENSE)
    ),
    "pdcnet_plus_stage2": (
        ("pdcnet_plus", 10, 5e-5, (70, 100, 120), 150, 30_000, NLL, SPARSE)
    ),
    "warpc_glunet_stage1": (
        ("glunet", 6, 1e-4, (50, 65), 80, 30_000, CONSISTENCY, DENSE)
    ),
    "warpc_glunet_stage2": (
        ("glunet", 6, 5e-5, (20, 30, 40), 45, 30_000, CONSISTENCY, DENSE)
    ),
}
STAGES_2 = [name for name in TRAININGS if name.endswith("stage2")]

# Name: law, places that are bent, objects, their rotation, mask.
DATA = {
    "glunet_static": ("static", (0, 0), 0, 30, "none"),
    "glunet_gocor_static": ("static", (0, 0), 0, 30, "none"),
    "glunet_dynamic": ("static", (0, 0), 1, 30, "none"),
    "glunet_gocor_dynamic": ("static", (0, 0), 1, 30, "none"),
    "glunet_on_photographs": ("free", (0, 0), 1, 30, "zero_border"),
    "glunet_gocor_star_stage1": ("static", (5, 15), 1, 30, "none"),
    "glunet_gocor_star_stage2": ("static", (5, 15), 1, 30, "none"),
    "pdcnet_stage1": ("static", (5, 15), 1, 30, "none"),
    "pdcnet_stage2": ("static", (5, 15), 1, 30, "none"),
    "pdcnet_plus_stage1": ("static", (5, 15), 4, 90, "reprojection"),
    "pdcnet_plus_stage2": ("static", (5, 15), 4, 30, "reprojection"),
    "warpc_glunet_stage1": ("free", (0, 0), 0, 30, "zero_border"),
    "warpc_glunet_stage2": ("free", (5, 13), 0, 30, "zero_border"),
}

# Name: first weights, two pyramids (None: the preset's), whether they are
# trained, their learning rate (0: that of the rest).
PYRAMIDS = {
    "glunet_static": ("imagenet", None, False, 0),
    "glunet_gocor_static": ("imagenet", None, False, 0),
    "glunet_dynamic": ("imagenet", None, False, 0),
    "glunet_gocor_dynamic": ("imagenet", None, False, 0),
    "glunet_on_photographs": ("imagenet", None, False, 0),
    "glunet_gocor_star_stage1": ("imagenet", False, False, 0),
    "glunet_gocor_star_stage2": (None, True, True, 0),
    "pdcnet_stage1": ("imagenet", None, False, 0),
    "pdcnet_stage2": (None, None, True, 1e-5),
    "pdcnet_plus_stage1": ("imagenet", False, False, 0),
    "pdcnet_plus_stage2": (None, True, True, 0),
    "warpc_glunet_stage1": ("imagenet", None, False, 0),
    "warpc_glunet_stage2": (None, None, True, 0),
}


@pytest.mark.parametrize("name", TRAININGS)
def test_training_is_the_published_one(name):
    preset, batch, rate, milestones, epochs, pairs, loss, weights = TRAININGS[
        name
    ]
    config = get_config(name)
    assert config.model.preset == preset
    assert config.data.batch_size == batch
    assert config.num_steps == epochs * math.ceil(pairs / batch)
    assert config.loss.name == loss
    assert config.loss.level_weights == weights
    assert config.loss.matching_weight == 0
    assert config.loss.upsample == (weights == SPARSE)
    optimizer = config.optimizer
    assert (optimizer.name, optimizer.learning_rate) == ("adam", rate)
    assert (optimizer.beta_1, optimizer.beta_2) == (0.9, 0.999)
    assert (optimizer.epsilon, optimizer.weight_decay) == (1e-8, 4e-4)
    assert (optimizer.clip_norm, optimizer.average_decay) == (0, 0)
    assert (config.dtype_policy, optimizer.accumulation) == ("float32", 1)
    steps = config.num_steps // epochs
    for number, milestone in enumerate(milestones):
        before, after = (
            optimizers.learning_rate(optimizer, config.num_steps, step)
            for step in (milestone * steps - 1, milestone * steps)
        )
        assert before == pytest.approx(rate * 0.5**number)
        assert after == pytest.approx(rate * 0.5 ** (number + 1))
    first = optimizers.learning_rate(optimizer, config.num_steps, 0)
    assert first == rate


@pytest.mark.parametrize("name", DATA)
def test_pairs_are_the_published_ones(name):
    law, places, objects, rotation, mask = DATA[name]
    data = get_config(name).data
    assert (data.law, data.size, data.mask) == (law, 520, mask)
    assert data.perturbation.number == places
    assert data.objects.number == objects
    assert data.objects.rotation == rotation
    assert (data.objects.probability, data.objects.scale) == (0.8, 0.3)
    assert not data.objects.random_number
    assert data.appearance.probability == (law == "free")


@pytest.mark.parametrize("name", PYRAMIDS)
def test_pyramids_are_trained_where_published(name):
    weights, two_pyramids, trained, rate = PYRAMIDS[name]
    config = get_config(name)
    stage_1 = name.replace("stage2", "stage1")
    assert config.model.init_weights == (
        weights or f"runs/{stage_1}/model.weights.h5"
    )
    assert config.model.two_pyramids == two_pyramids
    assert config.model.train_backbone == trained
    assert config.optimizer.backbone_learning_rate == rate


@pytest.mark.parametrize("name", TRAININGS)
def test_gocor_iterates_three_times_in_training(name):
    config = get_config(name)
    has_gocor = config.model.preset != "glunet"
    assert config.model.num_iterations == (3 if has_gocor else None)


def test_first_label_of_star():
    assert get_config("glunet_gocor_star_stage2").model.global_gocor == {
        "reg_inter_dim": 16,
        "reg_output_dim": 16,
        "step_length_reg": 0.1,
        "init_gauss_sigma": 0.5,
    }


@pytest.mark.parametrize("name", STAGES_2[:-1])
def test_second_stages_add_megadepth(name):
    config = get_config(name)
    assert config.model.partial
    megadepth = config.data.megadepth
    assert megadepth.share == pytest.approx(45 / 85)
    assert megadepth.pairs_per_scene == 300
    assert (megadepth.min_overlap, megadepth.max_overlap) == (0.3, 1.0)
    assert megadepth.exchange_probability == 0.5


def test_bending_is_the_published_one():
    bent = dataclasses.asdict(get_config("pdcnet_stage1").data.perturbation)
    assert bent == {
        "number": (5, 15),
        "mask_sigma": (3, 10),
        "min_sigma": 0.1,
        "sigma_range": 0.04,
        "min_alpha": 1.0,
        "alpha_range": 0.4,
    }
    bent = dataclasses.asdict(
        get_config("warpc_glunet_stage2").data.perturbation
    )
    assert bent == {
        "number": (5, 13),
        "mask_sigma": (10, 40),
        "min_sigma": 0.1,
        "sigma_range": 0.08,
        "min_alpha": 1.0,
        "alpha_range": 1.0,
    }


@pytest.mark.parametrize(
    ("name", "shifts"),
    [
        ("glunet_on_photographs", (0.5, 0.5, 0.15)),
        ("warpc_glunet_stage1", (250 / 750, 250 / 750, 60 / 750)),
        ("warpc_glunet_stage2", (300 / 750, 300 / 750, 200 / 750)),
    ],
)
def test_free_warps_are_the_published_ones(name, shifts):
    law = get_config(name).data.free_warp
    assert (
        law.homography_shift,
        law.tps_shift,
        law.affine_tps_shift,
    ) == shifts
    assert law.transformations == ("homography", "tps", "affine_tps")
    assert (law.view_size, law.shift, law.scale) == (750, 0.25, 0.45)
    assert (law.angle, law.flip_probability) == (15.0, 0.0)


def test_colours_of_single_photographs():
    colours = get_config("glunet_on_photographs").data.appearance
    factors = colours.brightness, colours.contrast, colours.saturation
    assert factors == (0.6, 0.6, 0.6)
    assert colours.hue == 0.2 * 360
    assert (colours.grey_probability, colours.blur_probability) == (0.2, 0.5)
    assert colours.blur == (0.2, 2.0)
    assert (colours.tone, colours.noise, colours.color_cast) == (0, 0, 0)


def test_consistency_of_the_second_stage_sees_what_is_hidden():
    assert not get_config("warpc_glunet_stage1").loss.visibility
    loss = get_config("warpc_glunet_stage2").loss
    assert loss.visibility
    assert (loss.visibility_slope, loss.visibility_offset) == (0.03, 0.5)
    assert get_config("warpc_glunet_stage2").model.decoder == "residual"


@pytest.mark.parametrize("name", ["basenet", "basenet_gocor"])
def test_basenet_takes_dynamic_pairs_of_its_own_size(name):
    config, glunet = get_config(name), get_config("glunet_dynamic")
    assert config.optimizer == glunet.optimizer
    assert config.num_steps == glunet.num_steps
    assert config.data.size == 256
    assert config.data.objects == glunet.data.objects
    assert config.loss.level_weights == (0.32, 0.08, 0.02)
    static = get_config(name, "static")
    assert static.data.objects.number == 0
    static.data.objects.number = 1
    assert static == config


def test_plain_basenet_differs_in_its_volumes_alone():
    config, plain = get_config("basenet_gocor"), get_config("basenet")
    assert config.model.preset == "basenet_gocor"
    config.model = plain.model
    assert config == plain


def test_pwcnet_starts_from_a_file():
    things, sintel = (
        get_config(f"pwcnet_gocor_{name}") for name in ("things", "sintel")
    )
    assert (things.num_steps, things.data.batch_size) == (500_000, 8)
    assert things.optimizer.milestones == (0.4, 0.6, 0.8)
    assert things.model.init_weights == "pwcnet.weights.h5"
    assert things.model.partial
    assert sintel.loss.name == "charbonnier"
    assert not sintel.model.partial
    for config in (things, sintel):
        assert config.loss.level_weights == (0.32, 0.08, 0.02, 0.01, 0.005)
        assert config.model.train_backbone
    plain = get_config("pwcnet_gocor_things", "feature")
    assert plain.optimizer == things.optimizer
    assert plain.model.preset == "pwcnet"
