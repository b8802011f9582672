import numpy as np
import pytest
from keras import ops

from gocor_tf.trainers import objectives
from gocor_tf.trainers.configs.schema import LossConfig


def _pair(size, flow=(4.0, 0.0)):
    return {
        "reference": ops.zeros((1, size, size, 3)),
        "query": ops.zeros((1, size, size, 3)),
        "flow": ops.broadcast_to(ops.array(flow), (1, size, size, 2)),
        "valid": ops.ones((1, size, size, 1)),
        "mask": ops.ones((1, size, size, 1)),
    }


def _network(levels, size):
    """Returns a network that sees no motion: sides of its levels by name."""
    outputs = {
        f"flow_level_{n}": ops.zeros((1, side, side, 2))
        for n, side in levels.items()
    }
    outputs["flow"] = ops.zeros((1, size, size, 2))
    return lambda reference, query: outputs


def _loss(levels, pair, **loss):
    size = pair["flow"].shape[1]
    return objectives.get(LossConfig(**loss))(
        _network(levels, size), pair, lambda count: 1.0, ops.array(0.0)
    )


def test_each_resolution_has_its_ground_truth():
    # 4 px at 512 are 2 px at 256; sums over 2*2, 4*4, 8*8 and 16*16 pixels.
    loss, scalars = _loss(
        {4: 2, 3: 4, 2: 8, 1: 16},
        _pair(512),
        level_weights=(0.32, 0.08, 0.02, 0.01),
    )
    expected = 2 * (4 * 0.32 + 16 * 0.08) + 4 * (64 * 0.02 + 256 * 0.01)
    assert float(loss) == pytest.approx(expected)
    assert float(scalars["loss_level_4"]) == pytest.approx(2 * 4 * 0.32)
    assert float(scalars["aepe"]) == pytest.approx(4.0)


def test_basenet_is_trained_at_256():
    loss, _ = _loss({4: 2, 3: 4, 2: 8}, _pair(256))
    assert float(loss) == pytest.approx(4 * (4 * 0.32 + 16 * 0.08 + 64 * 0.02))


def test_pwcnet_is_trained_on_flows_divided_by_20():
    weights = (0.32, 0.08, 0.02, 0.01, 0.005)
    sides = {6: 1, 5: 2, 4: 4, 3: 8, 2: 16}
    loss, _ = _loss(sides, _pair(64), level_weights=weights)
    cells = np.square([1, 2, 4, 8, 16])
    assert float(loss) == pytest.approx(4 / 20 * np.dot(cells, weights))


def test_sparse_truth_is_taken_as_it_is():
    pair = _pair(512)
    known = np.zeros((1, 256, 256, 1), "float32")
    known[0, 10, 20] = 1
    pair["flow_256"] = ops.array(np.where(known, [3.0, 4.0], 0.0), "float32")
    pair["mask_256"] = ops.array(known)
    pair["mask"] = ops.zeros_like(pair["mask"])
    loss, _ = _loss(
        {4: 2, 3: 4, 2: 8, 1: 16},
        pair,
        level_weights=(0.08, 0.08, 0.02, 0.02),
        upsample=True,
    )
    # One known pixel of 5 px, scaled up to all; none at full size.
    assert float(loss) == pytest.approx(5 * 256 * 256 * 0.16, rel=1e-4)


def test_a_consistent_triplet_costs_nothing():
    triplet = {**_pair(256, (0.0, 0.0)), "warped_reference": 0.0}
    loss, scalars = _loss(
        {4: 16, 3: 32, 2: 64}, triplet, name="warp_consistency"
    )
    assert float(loss) == pytest.approx(0.0, abs=1e-6)
    assert {"bipath_loss_0", "supervision_loss_0", "aepe"} <= set(scalars)


def test_likelihood_takes_over_from_the_flow():
    levels = {4: 2, 3: 4, 2: 8, 1: 16}
    outputs = _network(levels, 512)(None, None)
    for n, side in levels.items():
        outputs[f"log_variance_level_{n}"] = ops.full((1, side, side, 1), 2.0)
    weights = {"level_weights": (0.32, 0.08, 0.02, 0.01)}

    def loss(num_updates, **config):
        objective = objectives.get(LossConfig(**weights, **config), 100)
        return float(
            objective(
                lambda *pair: outputs,
                _pair(512),
                lambda count: 1.0,
                ops.array(num_updates, "float32"),
            )[0]
        )

    flow = loss(0, name="endpoint_error")
    likelihood = loss(0, name="negative_log_likelihood")
    both = {"name": "negative_log_likelihood", "flow_first": 0.3}
    assert flow != pytest.approx(likelihood)
    assert loss(29, **both) == pytest.approx(flow)
    assert loss(30, **both) == pytest.approx(likelihood)


@pytest.mark.parametrize(
    "loss",
    [
        {"flow_first": 0.5},
        {"name": "negative_log_likelihood", "flow_first": 1.0},
    ],
)
def test_only_a_likelihood_can_come_second(loss):
    with pytest.raises(ValueError, match="`loss.flow_first` must be in"):
        objectives.get(LossConfig(**loss))


def test_an_unknown_loss_is_refused():
    with pytest.raises(ValueError, match="`loss.name` must be one of"):
        objectives.get(LossConfig(name="l2"))
