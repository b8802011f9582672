import shutil

import numpy as np
import pytest

from gocor_tf.data.evaluation_sets.flying_things import FlyingThings
from tests.data.evaluation_sets import miniatures_flow

SIZE = (3, 5)
FLOW = (
    "optical_flow/TEST/{}/into_future/left/OpticalFlowIntoFuture_{:04d}_L.pfm"
)


def _write_pfm(path, size, flow, header=b"PF"):
    """Writes a constant flow, but 9 in x in the lowest row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.zeros((*size, 3 if header == b"PF" else 1), "<f4")
    values[..., :2] = flow
    values[0, :, 0] = 9  # Rows are stored from bottom to top.
    with open(path, "wb") as file:
        file.write(header + b"\n%d %d\n-1.000000\n" % size[::-1])
        values.tofile(file)


def _write(root):
    """Writes frames 6..8 of A/0000 and 6..7 of C/0003, as both renderings."""
    images = {}
    for sequence, last in (("C/0003", 7), ("A/0000", 8)):
        for number in range(6, last + 1):
            for seed, rendering in enumerate(("clean", "final")):
                name = f"{rendering}pass/TEST/{sequence}/left/{number:04d}.png"
                images[rendering, number] = miniatures_flow.write_image(
                    root / f"frames_{name}", SIZE, 10 * number + seed
                )
            path = root / FLOW.format(sequence, number)
            _write_pfm(path, SIZE, (number, -0.25))
    return images


def test_the_last_frame_of_a_sequence_has_no_pair(tmp_path):
    _write(tmp_path)
    pairs = FlyingThings(tmp_path)
    assert pairs.names == ["A-0000-0006", "A-0000-0007", "C-0003-0006"]
    assert len(pairs) == 3
    assert pairs[2]["name"] == pairs.names[2]
    assert pairs[2]["attributes"] == {"scene": "C/0003"}
    with pytest.raises(IndexError):
        pairs[3]


@pytest.mark.parametrize("variant", ["clean", "final"])
def test_the_next_frame_is_the_query(tmp_path, variant):
    images = _write(tmp_path)
    other = {"clean": "final", "final": "clean"}[variant]
    shutil.rmtree(tmp_path / f"frames_{other}pass")
    sample = FlyingThings(tmp_path, variant)[1]
    np.testing.assert_array_equal(sample["reference"], images[variant, 7])
    np.testing.assert_array_equal(sample["query"], images[variant, 8])
    assert sample["group"] == "all"


def test_the_flow_is_turned_upright(tmp_path):
    # Frame 7 moves by (7, -0.25), the lowest row by (9, -0.25).
    _write(tmp_path)
    flow = FlyingThings(tmp_path)[1]["flow"]
    expected = np.full((*SIZE, 2), (7, -0.25))
    expected[-1] = 9, -0.25
    np.testing.assert_array_equal(flow, expected)
    assert flow.dtype == np.float64


@pytest.mark.parametrize(
    "name",
    [
        "frames_cleanpass/TEST/A/0000/left/0008.png",
        "frames_cleanpass/TEST/C/0003/left/0006.png",
        FLOW.format("A/0000", 6),
    ],
)
def test_what_is_missing_is_listed(tmp_path, name):
    _write(tmp_path)
    miniatures_flow.make_loop(tmp_path / name)
    with pytest.raises(ValueError, match=f"lacks {name}. It should look"):
        FlyingThings(tmp_path)


def test_there_must_be_a_flow(tmp_path):
    _write(tmp_path)
    shutil.rmtree(tmp_path / "optical_flow" / "TEST")
    with pytest.raises(ValueError, match="lacks optical_flow/TEST. It should"):
        FlyingThings(tmp_path)
    _write_pfm(tmp_path / FLOW.format("A/0000", 6), SIZE, (1, 1))
    with pytest.raises(ValueError, match="at least one sequence of two frames"):
        FlyingThings(tmp_path)


def test_a_flow_of_another_size_is_an_error(tmp_path):
    _write(tmp_path)
    _write_pfm(tmp_path / FLOW.format("A/0000", 7), (4, 5), (1, 1))
    message = r"Pair of '.*Future_0007_L\.pfm': `flow` must have the size"
    with pytest.raises(ValueError, match=message):
        FlyingThings(tmp_path)[1]


def test_a_flow_of_one_channel_is_an_error(tmp_path):
    _write(tmp_path)
    _write_pfm(tmp_path / FLOW.format("A/0000", 6), SIZE, 1, b"Pf")
    message = r"Pair of '.*_0006_L\.pfm': the flow must have 3 channels"
    with pytest.raises(ValueError, match=message):
        FlyingThings(tmp_path)[0]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    _write(tmp_path)
    pairs = FlyingThings(tmp_path)
    miniatures_flow.cut_short(tmp_path / FLOW.format("A/0000", 6))
    frames = tmp_path / "frames_cleanpass" / "TEST" / "A" / "0000" / "left"
    (frames / "0008.png").unlink()
    with pytest.raises(ValueError, match=r"_0006_L\.pfm': its 160 bytes of d"):
        pairs[0]
    with pytest.raises(ValueError, match=r"0008\.png': No such file"):
        pairs[1]


def test_the_variant_is_checked(tmp_path):
    with pytest.raises(ValueError, match=r"`variant` must be one of \('clean'"):
        FlyingThings(tmp_path, "both")
