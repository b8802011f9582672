import cv2
import numpy as np
import pytest

from gocor_tf.data import perturbations
from gocor_tf.data.perturbations import PerturbationRanges

SIZE = 520


def _everywhere(points):
    return np.ones(len(points), bool)


def _stack(drawn):
    return {name: value[None] for name, value in drawn.items()}


def _field(seed, ranges, size=SIZE):
    """Returns the bending without its mask: one place covers all."""
    drawn = perturbations.draw(
        np.random.default_rng(seed), size, ranges, _everywhere
    )
    drawn["profiles"][:] = 1
    return np.asarray(perturbations.displacement(_stack(drawn), size))[0]


def test_bending_is_as_large_as_published():
    # Spec training.md A.3: RMS 1.3..2.7 px a component, peak up to 8.1 px.
    fields = [_field(seed, PerturbationRanges()) for seed in range(12)]
    rms = [np.sqrt(np.mean(np.square(field))) for field in fields]
    assert 1.5 < np.mean(rms) < 2.1
    assert min(rms) > 1.0 and max(rms) < 3.2
    assert 3 < np.mean([np.abs(field).max() for field in fields]) < 8.1


def test_bending_is_blurred_noise():
    # Fixed sigma and alpha, small, so that OpenCV's way is quick and sharp.
    size, sigma = 128, 12.8
    ranges = PerturbationRanges((1, 1), (3, 3), 0.1, 0.0, 1.0, 0.0)
    ours = [_field(seed, ranges, size) for seed in range(60)]
    rng = np.random.default_rng(0)
    noise = rng.uniform(-1, 1, (60, size, size)).astype("float32")
    published = [size * cv2.GaussianBlur(n, (0, 0), sigma) for n in noise]
    assert np.std(ours) == pytest.approx(np.std(published), rel=0.15)
    inside, border = np.s_[:, 48:80, 48:80], np.s_[:, :6, :6]
    ratio = np.std(np.array(ours)[border]) / np.std(np.array(ours)[inside])
    expected = np.std(np.array(published)[border]) / np.std(
        np.array(published)[inside]
    )
    assert ratio == pytest.approx(expected, rel=0.2)
    # How alike are values one sigma apart? Blurred noise: exp(-1 / 4).
    ours = np.transpose(ours, (0, 3, 1, 2)).reshape(-1, size, size)
    alike = [_likeness(fields, round(sigma)) for fields in (ours, published)]
    assert alike[0] == pytest.approx(alike[1], abs=0.06)
    assert alike[0] == pytest.approx(np.exp(-0.25), abs=0.06)


def _likeness(fields, step):
    """Returns the correlation of values some columns apart."""
    fields = np.array(fields)
    left, right = fields[..., :-step], fields[..., step:]
    return np.mean(left * right) / np.mean(np.square(fields))


def test_any_size_is_bent_alike():
    # 100 pixels are no whole number of cells.
    ranges = PerturbationRanges((1, 1), (3, 3), 0.1, 0.0, 1.0, 0.0)
    spreads = [
        np.std([_field(seed, ranges, size) for seed in range(40)]) / size
        for size in (100, 104)
    ]
    assert spreads[0] == pytest.approx(spreads[1], rel=0.1)


def test_drawing_depends_on_the_generator_alone():
    one, two = (
        perturbations.draw(
            np.random.default_rng(3), 64, PerturbationRanges(), _everywhere
        )
        for _ in range(2)
    )
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])
        assert one[name].dtype == "float32"


def test_only_the_places_are_bent():
    ranges = PerturbationRanges((2, 2), (3, 5))
    drawn = perturbations.draw(
        np.random.default_rng(1), 200, ranges, _everywhere
    )
    moved = np.asarray(perturbations.displacement(_stack(drawn), 200))[0]
    y, x = np.mgrid[:200, :200]
    mask = np.zeros((200, 200))
    centers, radii, is_used = perturbations.draw_places(
        np.random.default_rng(1), 200, ranges, _everywhere
    )
    assert is_used.all()
    for (cx, cy), radius in zip(centers, radii, strict=True):
        squared = np.square(x - cx) + np.square(y - cy)
        mask += np.clip(2 * np.exp(-squared / (2 * radius**2)), 0, 1)
    # Spec 1.6.2: fading to 0 by 3.9 standard deviations.
    assert np.abs(moved[mask < 1e-4]).max() < 1e-3
    assert np.abs(moved[mask >= 1]).max() > 0.1


def test_places_have_their_match_in_view():
    def on_the_left(points):
        return points[:, 0] < 60

    for seed in range(5):
        center, radius, is_used = perturbations.draw_places(
            np.random.default_rng(seed), 200, PerturbationRanges(), on_the_left
        )
        assert np.all(center[is_used, 0] < 60)
        low = 3 * radius[:, None]
        inside = (center >= low) & (center <= 200 - low)
        assert inside[is_used].all()


def test_nothing_is_bent_where_nothing_is_in_view():
    drawn = perturbations.draw(
        np.random.default_rng(0),
        64,
        PerturbationRanges(),
        lambda points: np.zeros(len(points), bool),
    )
    assert not np.any(perturbations.displacement(_stack(drawn), 64))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"number": (5, 2)}, "`number` must be a range >= 0"),
        ({"mask_sigma": (0, 2)}, "`mask_sigma` must be a range >= 1"),
        ({"min_sigma": 0.0}, "`min_sigma` must be > 0"),
    ],
)
def test_impossible_ranges_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        PerturbationRanges(**arguments)
