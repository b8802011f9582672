import shutil

import numpy as np
import pytest

from gocor_tf.data.evaluation_sets.sintel import Sintel
from tests.data.evaluation_sets import miniatures_flow

SIZE = (5, 7)
INVALID, HIDDEN = (1, 2), (3, 4)


def _mask(pixel):
    mask = np.zeros(SIZE, bool)
    mask[pixel] = True
    return mask


def _write(root):
    """Writes three frames of `alley` and two of `bamboo`."""
    images = {}
    for scene, num_frames in (("bamboo", 2), ("alley", 3)):
        for number in range(1, num_frames + 1):
            frame = f"{scene}/frame_{number:04d}"
            for seed, rendering in enumerate(("clean", "final")):
                name = f"{rendering}/{frame}"
                images[name] = miniatures_flow.write_image(
                    root / f"{name}.png", SIZE, 10 * seed + number
                )
            if number < num_frames:
                flow = np.full((*SIZE, 2), (number, -2.5))
                miniatures_flow.write_flo(root / f"flow/{frame}.flo", flow)
            for folder, pixel in (("invalid", INVALID), ("occlusions", HIDDEN)):
                path = root / folder / f"{frame}.png"
                miniatures_flow.write_mask(path, _mask(pixel))
    return images


def test_the_last_frame_of_a_scene_has_no_pair(tmp_path):
    _write(tmp_path)
    pairs = Sintel(tmp_path)
    frames = ["alley-frame_0001", "alley-frame_0002", "bamboo-frame_0001"]
    assert pairs.names == [
        f"{rendering}-{frame}"
        for rendering in ("clean", "final")
        for frame in frames
    ]
    assert len(pairs) == 6
    with pytest.raises(IndexError):
        pairs[6]


def test_the_next_frame_is_the_query(tmp_path):
    images = _write(tmp_path)
    sample = Sintel(tmp_path)[4]
    assert sample["name"] == "final-alley-frame_0002"
    assert sample["group"] == "final"
    assert sample["attributes"] == {"scene": "alley"}
    for name, frame in (("reference", 2), ("query", 3)):
        expected = images[f"final/alley/frame_000{frame}"]
        np.testing.assert_array_equal(sample[name], expected)


def test_hidden_pixels_have_a_flow_and_invalid_ones_none(tmp_path):
    _write(tmp_path)
    sample = Sintel(tmp_path)[1]
    expected = np.full((*SIZE, 2), (2, -2.5))
    expected[INVALID] = np.nan
    np.testing.assert_array_equal(sample["flow"], expected)
    assert sample["flow"].dtype == np.float64
    np.testing.assert_array_equal(sample["occluded"], _mask(HIDDEN))


def test_occlusions_may_be_left_out(tmp_path):
    _write(tmp_path)
    shutil.rmtree(tmp_path / "occlusions")
    assert Sintel(tmp_path)[0]["occluded"] is None


@pytest.mark.parametrize("variant", ["clean", "final"])
def test_one_rendering_is_enough(tmp_path, variant):
    _write(tmp_path)
    other = {"clean": "final", "final": "clean"}[variant]
    shutil.rmtree(tmp_path / other)
    pairs = Sintel(tmp_path, variant)
    assert {pair["group"] for pair in (pairs[0], pairs[2])} == {variant}
    with pytest.raises(ValueError, match=f"lacks {other}. It should look"):
        Sintel(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "clean/alley/frame_0003.png",
        "final/bamboo/frame_0001.png",
        "invalid/alley/frame_0002.png",
        "occlusions/alley/frame_0002.png",
        "flow/alley/frame_0001.flo",
    ],
)
def test_what_is_missing_is_listed(tmp_path, name):
    _write(tmp_path)
    miniatures_flow.make_loop(tmp_path / name)
    with pytest.raises(ValueError, match=f"lacks {name}. It should look"):
        Sintel(tmp_path)


def test_there_must_be_a_flow(tmp_path):
    _write(tmp_path)
    shutil.rmtree(tmp_path / "flow")
    (tmp_path / "flow").mkdir()
    with pytest.raises(ValueError, match="at least one flow/SCENE/frame_NNNN"):
        Sintel(tmp_path)


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("invalid", r"`invalid` must have .*\(5, 7\). Received: \(6, 7\)"),
        ("occlusions", "`occluded` must have the size of its image, 7 x 5"),
        ("clean", "`flow` must have the size of its image, 7 x 6"),
    ],
)
def test_all_must_have_one_size(tmp_path, folder, message):
    _write(tmp_path)
    path = tmp_path / folder / "alley" / "frame_0001.png"
    miniatures_flow.write_image(path, (6, 7))
    with pytest.raises(ValueError, match=rf"alley.frame_0001\.flo': {message}"):
        Sintel(tmp_path)[0]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    _write(tmp_path)
    pairs = Sintel(tmp_path)
    miniatures_flow.cut_short(tmp_path / "flow" / "alley" / "frame_0001.flo")
    (tmp_path / "clean" / "alley" / "frame_0003.png").unlink()
    with pytest.raises(
        ValueError, match=r"frame_0001\.flo': its .* do not fit"
    ):
        pairs[0]
    with pytest.raises(ValueError, match=r"frame_0003\.png': No such file"):
        pairs[1]


def test_the_variant_is_checked(tmp_path):
    with pytest.raises(ValueError, match=r"`variant` must be one of \('both'"):
        Sintel(tmp_path, "albedo")
