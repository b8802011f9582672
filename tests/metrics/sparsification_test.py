import json

import numpy as np
import pytest

from gocor_tf.metrics import averages, sparsification


def _naive_curves(errors, uncertainties):
    """Removes pixels one threshold at a time."""
    points = []
    for percentile in range(0, 100, 2):
        threshold = np.percentile(-uncertainties, percentile)
        kept = errors[-uncertainties >= threshold]
        points.append([kept.mean(), (kept <= 1).mean(), (kept <= 5).mean()])
    return np.transpose([*points, [0, 1, 1]])


def test_published_numbers():
    # Spec training.md, A.4, with its digits.
    rng = np.random.RandomState(3)
    truth = rng.randn(200, 2)
    scale = np.linspace(0.2, 6, 200)[:, None]
    predicted = truth + rng.randn(200, 2) * scale
    uncertainties = np.linspace(1, 5, 200) + rng.rand(200)
    errors = np.hypot(*(predicted - truth).T)
    results = sparsification.sparsify(errors, uncertainties)
    areas = [results[name].area for name in ("epe", "pck1", "pck5")]
    np.testing.assert_allclose(areas, [0.125393, 0.059436, 0.052961], atol=5e-7)
    points = results["epe"].curve[[0, 25, 49, 50]]
    np.testing.assert_allclose(points, [1.0, 0.54313, 0.08396, 0], atol=5e-6)


def test_four_pixels_sorted_the_wrong_way_round():
    # Of n = 4 pixels, ceil(3 t / 50) are removed: 0 at t = 0, 1 up to t = 16,
    # 2 up to 33, 3 up to 49. The errors that are left average 2.5, 3, 3.5, 4,
    # and at best 2.5, 2, 1.5, 1: differences 0, 1, 2, 3, and 0 at the end.
    result = sparsification.sparsify([4, 3, 2, 1], [1, 2, 3, 4])["epe"]
    counts = [1, 16, 17, 16, 1]
    curve = np.repeat([2.5, 3, 3.5, 4, 0], counts) / 2.5
    oracle = np.repeat([2.5, 2, 1.5, 1, 0], counts) / 2.5
    np.testing.assert_allclose(result.curve, curve, rtol=1e-6)
    np.testing.assert_allclose(result.oracle, oracle, rtol=1e-6)
    expected = (16 * 1 + 17 * 2 + 16 * 3) / 50 / 2.5
    assert result.area == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("decimals", [0, 1, 12])
@pytest.mark.parametrize("number", [1, 2, 51, 777])
def test_one_sort_gives_what_fifty_passes_give_with_and_without_ties(
    number, decimals
):
    rng = np.random.default_rng(number)
    errors = rng.exponential(3, number)
    uncertainties = np.round(errors + rng.normal(size=number), decimals)
    results = sparsification.sparsify(errors, uncertainties)
    curves = _naive_curves(errors, uncertainties)
    oracles = _naive_curves(errors, errors)
    for index, name in enumerate(sparsification.METRICS):
        scale = oracles[index].max() + 1e-6
        np.testing.assert_allclose(
            results[name].curve, curves[index] / scale, atol=1e-12
        )
        np.testing.assert_allclose(
            results[name].oracle, oracles[index] / scale, atol=1e-12
        )


def test_an_oracle_leaves_no_area():
    errors = np.random.default_rng(0).exponential(3, (20, 30))
    for uncertainties in (errors, errors**2):
        results = sparsification.sparsify(errors, uncertainties)
        areas = [results[name].area for name in sparsification.METRICS]
        np.testing.assert_allclose(areas, 0, atol=1e-12)


def test_equal_uncertainties_remove_nothing():
    result = sparsification.sparsify([0, 10, 2], [7, 7, 7])["epe"]
    np.testing.assert_allclose(result.curve, [1] * 50 + [0], rtol=1e-6)


def test_uncertainty_falls_as_the_probability_grows():
    # 1 / 1e-6, 1 / 0.500001, 1 / 1.000001.
    uncertainties = sparsification.uncertainty_from_probability([0, 0.5, 1])
    expected = [1e6, 1.999996, 0.999999]
    np.testing.assert_allclose(uncertainties, expected, rtol=1e-8)


def test_records_survive_json_and_are_averaged():
    average = averages.MeanOverImages(["ause_epe", "sparsification_epe"])
    for errors in ([4, 3, 2, 1], [1, 2, 3, 4], []):
        record = sparsification.sparsification_record(
            errors, [1, 2, 3, 4][: len(errors)]
        )
        assert len(record) == 9
        assert json.loads(json.dumps(record, allow_nan=False)) == record
        average.update(record)
    result = average.result()
    # The wrong way round, see above, and right: (0.784 + 0) / 2.
    assert result["ause_epe"] == pytest.approx(0.392, rel=1e-6)
    # At t = 49, 4 / 2.5 and 1 / 2.5.
    assert result["sparsification_epe"][49] == pytest.approx(1, rel=1e-6)
    assert average.num_skipped == {"ause_epe": 1, "sparsification_epe": 1}


def test_no_errors_give_nan():
    for result in sparsification.sparsify([], []).values():
        assert np.isnan(result.area) and np.isnan(result.curve).all()
        assert result.oracle.shape == (51,)


def test_values_are_checked():
    with pytest.raises(ValueError, match="`errors` and `uncertainties` must"):
        sparsification.sparsify([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="`uncertainties` must be finite"):
        sparsification.sparsify([1.0, 2.0], [1.0, np.inf])
