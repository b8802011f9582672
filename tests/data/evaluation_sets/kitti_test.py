import cv2
import numpy as np
import pytest

from gocor_tf.data.evaluation_sets.kitti import Kitti2012, Kitti2015
from tests.data.evaluation_sets import miniatures_flow

SIZE = (4, 6)
# Pixels (row, column): known in both, hidden, of no flow in y; else unknown.
SEEN, HIDDEN, LEVEL = (1, 2), (2, 3), (3, 4)


def _write_flow(path, size, pixels):
    """Writes {pixel: (red, green)} in 16 bits; OpenCV's order is BGR."""
    path.parent.mkdir(exist_ok=True)
    image = np.zeros((*size, 3), "uint16")
    for pixel, (red, green) in pixels.items():
        image[pixel] = 1, green, red
    assert cv2.imwrite(str(path), image)


def _write(root, image_dir="colored_0", size=SIZE):
    """Writes pairs 7 and 3; flows in `size`."""
    # Spec 5.5: x = (32896 - 32768) / 64 = 2, y = (32736 - 32768) / 64 = -0.5.
    seen = {SEEN: (32896, 32736), LEVEL: (32768 + 64, 32768)}
    hidden = {HIDDEN: (32768 - 640, 32768 + 64)}
    for name in ("000007_10.png", "000003_10.png"):
        _write_flow(root / "flow_occ" / name, size, seen | hidden)
        _write_flow(root / "flow_noc" / name, size, seen)
    return {
        name: miniatures_flow.write_image(
            root / image_dir / f"{name}.png", SIZE, seed
        )
        for seed, name in enumerate(
            ("000003_10", "000003_11", "000007_10", "000007_11")
        )
    }


def _known(sample):
    known = np.argwhere(np.isfinite(sample["flow"]).all(axis=-1))
    return {tuple(pixel) for pixel in known.tolist()}


def test_frame_10_is_the_reference(tmp_path):
    images = _write(tmp_path)
    pairs = Kitti2012(tmp_path)
    assert pairs.names == ["000003_10", "000007_10"]
    assert len(pairs) == 2
    sample = pairs[1]
    assert (sample["name"], sample["group"]) == ("000007_10", "kitti2012")
    np.testing.assert_array_equal(sample["reference"], images["000007_10"])
    np.testing.assert_array_equal(sample["query"], images["000007_11"])
    with pytest.raises(IndexError):
        pairs[2]


def test_2015_has_another_image_folder(tmp_path):
    images = _write(tmp_path, "image_2")
    sample = Kitti2015(tmp_path)[0]
    assert sample["group"] == "kitti2015"
    np.testing.assert_array_equal(sample["reference"], images["000003_10"])
    with pytest.raises(ValueError, match="lacks colored_0/000003_10.png, "):
        Kitti2012(tmp_path)


def test_a_vector_by_hand(tmp_path):
    _write(tmp_path)
    sample = Kitti2012(tmp_path)[0]
    assert _known(sample) == {SEEN, HIDDEN, LEVEL}
    assert sample["flow"].dtype == np.float64
    np.testing.assert_array_equal(sample["flow"][SEEN], [2, -0.5])
    np.testing.assert_array_equal(sample["flow"][HIDDEN], [-10, 1])


def test_a_component_of_zero_is_a_tiny_number(tmp_path):
    _write(tmp_path)
    flow = Kitti2012(tmp_path)[0]["flow"]
    np.testing.assert_array_equal(flow[LEVEL], [1, 1e-10])


@pytest.mark.parametrize(
    ("variant", "known"),
    [
        ("occ", {SEEN, HIDDEN, LEVEL}),
        ("noc", {SEEN, LEVEL}),
        ("only_occ", {HIDDEN}),
    ],
)
def test_variants_score_other_pixels(tmp_path, variant, known):
    _write(tmp_path)
    assert _known(Kitti2012(tmp_path, variant)[0]) == known


def test_the_default_needs_no_second_flow(tmp_path):
    _write(tmp_path)
    for path in (tmp_path / "flow_noc").iterdir():
        path.unlink()
    assert len(Kitti2012(tmp_path)) == 2
    with pytest.raises(ValueError, match="lacks flow_noc/000003_10.png, flow"):
        Kitti2012(tmp_path, "only_occ")
    with pytest.raises(ValueError, match="at least one flow_noc/NNNNNN_10.png"):
        Kitti2012(tmp_path, "noc")


def test_what_is_missing_is_listed(tmp_path):
    with pytest.raises(
        ValueError, match="lacks flow_occ. .*colored_0/NNNNNN_1"
    ):
        Kitti2012(tmp_path)
    _write(tmp_path)
    (tmp_path / "colored_0" / "000007_11.png").unlink()
    miniatures_flow.make_loop(tmp_path / "flow_occ" / "000003_10.png")
    message = r"lacks flow_occ/000003_10.png, colored_0/000007_11.png\. It"
    with pytest.raises(ValueError, match=message):
        Kitti2012(tmp_path)


def test_a_flow_of_8_bits_is_an_error(tmp_path):
    _write(tmp_path)
    path = tmp_path / "flow_occ" / "000003_10.png"
    miniatures_flow.write_image(path, SIZE)
    message = r"Cannot read flow '.*flow_occ.000003_10\.png': it is not a 16-b"
    with pytest.raises(ValueError, match=message):
        Kitti2012(tmp_path)[0]


def test_a_flow_of_another_size_is_an_error(tmp_path):
    _write(tmp_path, size=(4, 5))
    message = r"Pair of '.*flow_occ.000007_10\.png': `flow` must have the size"
    with pytest.raises(ValueError, match=message):
        Kitti2012(tmp_path)[1]


def test_both_flows_must_have_one_size(tmp_path):
    _write(tmp_path)
    _write_flow(tmp_path / "flow_noc" / "000003_10.png", (5, 6), {})
    message = r"flow_noc.000003_10\.png' must have .*\(4, 6\).*\(5, 6\)"
    with pytest.raises(ValueError, match=message):
        Kitti2012(tmp_path, "only_occ")[0]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    _write(tmp_path)
    pairs = Kitti2012(tmp_path)
    miniatures_flow.cut_short(tmp_path / "flow_occ" / "000003_10.png")
    (tmp_path / "colored_0" / "000007_11.png").unlink()
    with pytest.raises(ValueError, match=r"000003_10\.png': it is cut short"):
        pairs[0]
    with pytest.raises(ValueError, match=r"000007_11\.png': No such file"):
        pairs[1]


def test_the_variant_is_checked(tmp_path):
    with pytest.raises(ValueError, match=r"`variant` must be one of .*'noc'"):
        Kitti2012(tmp_path, "all")
