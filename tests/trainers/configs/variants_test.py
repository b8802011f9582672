"""What holds for every recipe and each of its variants."""

import pytest

from tests.trainers.configs.recipe_files import ALL, get_config, get_recipe


@pytest.mark.parametrize("name", ALL)
def test_smoke_variant_takes_two_steps(name):
    config = get_config(name, "smoke")
    assert config.num_steps == 2
    assert config.data.batch_size == 2
    assert config.model.init_weights == ""
    assert config.data.objects.coco_dir == ""
    assert config.data.megadepth.root == ""
    assert config.data.size <= 256
    assert config.data.size <= config.data.free_warp.view_size


@pytest.mark.parametrize("name", ALL)
def test_unknown_variant_is_refused(name):
    with pytest.raises(ValueError, match="`variant` must be one of"):
        get_config(name, "large")


@pytest.mark.parametrize("name", sorted({*ALL} - {"default"}))
def test_recipe_says_what_a_user_needs(name):
    docstring = " ".join(get_recipe(name).__doc__.split())
    assert f"--config=trainers/configs/{name}.py" in docstring
    assert f"--workdir=runs/{name} " in docstring
    assert f"{get_config(name).num_steps:,}" in docstring
    for word in ("Hardware: ", "Time: not measured", "Published scores"):
        assert word in docstring


def test_configs_do_not_share_their_parts():
    one, other = get_config("pdcnet_stage1"), get_config("pdcnet_stage1")
    one.data.objects.number = 7
    assert other.data.objects.number == 1
