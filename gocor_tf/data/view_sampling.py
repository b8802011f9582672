"""Draws of two views of one photograph, for `random_warps.ViewWarps`.

Every warp is `G(u) = H(T(u))`: `T` a thin-plate spline on a 3 x 3 grid, `H` a
homography; each may be the identity. That one form covers the four families
homography, affine, thin-plate spline (`tps`) and affine after spline
(`affine_tps`), with a rotation and a zoom in front of any of them. Only these
few numbers are drawn here, in NumPy; the dense flow is built from them in the
training step by `warp_formulas.map_points`.
"""

import functools

import numpy as np

from gocor_tf.data import warp_formulas

_CHECK_POINTS = 12
_MAX_DRAWS = 10


def sample_warps(rng, number, ranges):
    """Draws warps, and where the query lies on the photograph.

    Draws that fold the image or show too little of the query are repeated.

    Args:
        rng: `numpy.random.Generator`.
        number: how many.
        ranges: `ViewWarps`.

    Returns:
        A dict of float32 arrays: `homography` `(number, 3, 3)` and `spline`
        `(number, 12, 2)` for `map_points`; `view` `(number, 2, 3)`, query
        position to canvas position, both in -1..1; `query_scale` and
        `reference_scale` `(number,)`, mean side of the two views in canvas
        sides.
    """
    basis = _check_basis()
    warps = _draw(rng, number, ranges)
    failing = _place_views(rng, warps, basis, ranges)
    for _ in range(_MAX_DRAWS):
        where = np.flatnonzero(failing)
        if not where.size:
            break
        again = _draw(rng, where.size, ranges)
        failing[where] = _place_views(rng, again, basis, ranges)
        for name, values in again.items():
            warps[name][where] = values
    for index in np.flatnonzero(failing):
        for name, values in _identity(ranges).items():
            warps[name][index] = values
    return {
        name: warps[name].astype("float32")
        for name in (
            "homography",
            "spline",
            "view",
            "query_scale",
            "reference_scale",
        )
    }


@functools.cache
def _check_basis():
    return warp_formulas.spline_basis(warp_formulas.view_points(_CHECK_POINTS))


def _identity(ranges):
    """Returns the pair that shows the same view twice."""
    extent = ranges.view_extent[1]
    return {
        "homography": np.eye(3),
        "spline": warp_formulas.solve_splines(
            warp_formulas.CONTROL_POINTS[None]
        )[0],
        "view": extent * np.eye(2, 3),
        "query_scale": extent,
        "reference_scale": extent,
    }


def _draw(rng, number, ranges):
    """Draws the warps alone, rotation and zoom included."""
    strength = _draw_strength(rng, number, ranges)
    homography, spline = _draw_family(rng, strength, ranges)
    aspect = np.exp(np.log(ranges.view_aspect) * rng.uniform(-1, 1, number))
    stretch = np.stack([aspect**0.5, aspect**-0.5], axis=-1)
    angle = np.radians(ranges.rotation) * rng.uniform(-1, 1, number)
    angle *= strength * (rng.uniform(size=number) < ranges.rotation_probability)
    zoom = strength * np.log(ranges.zoom) * rng.uniform(-1, 1, number)
    zoom = np.exp(zoom * (rng.uniform(size=number) < ranges.zoom_probability))
    similarity = warp_formulas.similarity(angle, zoom, stretch)
    # The narrower view may lie anywhere in the wider one.
    reach = 0.6 * np.abs(zoom - 1) + strength * ranges.shift
    similarity[:, :2, 2] = reach[:, None] * rng.uniform(-1, 1, (number, 2))
    return {
        "homography": similarity @ homography,
        "spline": spline,
        "angle": angle,
        "zoom": zoom,
        "stretch": stretch / stretch.max(axis=1, keepdims=True),
    }


def _draw_strength(rng, number, ranges):
    """Draws a factor on everything that a warp does."""
    if not ranges.gentle_probability:
        return np.ones(number)
    is_gentle = rng.uniform(size=number) < ranges.gentle_probability
    return ranges.gentlest ** (is_gentle * rng.uniform(size=number))


def _draw_family(rng, strength, ranges):
    """Draws a homography and a spline each, of a random family."""
    number = len(strength)
    names = np.asarray(ranges.transformations)
    weights = ranges.transformation_weights or np.ones(len(names))
    kinds = rng.choice(names, number, p=np.divide(weights, np.sum(weights)))
    reach = strength[:, None, None]
    shift = reach * ranges.homography_shift * rng.uniform(-1, 1, (number, 4, 2))
    homography = warp_formulas.solve_homographies(warp_formulas.CORNERS + shift)
    affine = _draw_affine(rng, strength, ranges)
    is_affine = (kinds == "affine") | (kinds == "affine_tps")
    homography[is_affine] = affine[is_affine]
    homography[kinds == "tps"] = np.eye(3)
    size = np.select(
        [kinds == "tps", kinds == "affine_tps"],
        [ranges.tps_shift, ranges.affine_tps_shift],
        0.0,
    )
    shift = reach * size[:, None, None] * rng.uniform(-1, 1, (number, 9, 2))
    spline = warp_formulas.solve_splines(warp_formulas.CONTROL_POINTS + shift)
    return homography, spline


def _place_views(rng, warps, basis, ranges):
    """Puts the views on the canvas, in place; returns which pairs fail."""
    number = len(warps["zoom"])
    extent = rng.uniform(*ranges.view_extent, number)
    jitter = rng.uniform(-1, 1, (number, 2)) * (1 - extent)[:, None]
    scale = extent / np.maximum(warps["zoom"], 1.0)
    # A rotation is shared between the views: neither is always upright.
    linear = warp_formulas.rotation(-warps["angle"] * rng.uniform(size=number))
    linear = linear * (scale[:, None] * warps["stretch"])[:, None]
    with np.errstate(all="ignore"):
        x, y = warp_formulas.map_points(
            basis, warps["homography"], warps["spline"]
        )
    zoomed_out = (warps["zoom"] > 1)[:, None]
    centre = zoomed_out * np.stack([x.mean(axis=1), y.mean(axis=1)], axis=-1)
    offset = jitter - np.einsum("nij,nj->ni", linear, centre)
    warps["view"] = np.concatenate([linear, offset[..., None]], axis=-1)
    area, smallest = warp_formulas.local_areas(x, y, _CHECK_POINTS)
    warps["query_scale"] = scale * warps["stretch"].prod(axis=1) ** 0.5
    warps["reference_scale"] = warps["query_scale"] * np.sqrt(np.abs(area))
    matched = np.stack([x, y], axis=-1)
    on_canvas = matched @ linear.transpose(0, 2, 1) + offset[:, None]
    seen = (np.abs(matched) < 1) & (np.abs(on_canvas) < 1)
    share = seen.all(axis=-1).mean(axis=1)
    enough = share >= ranges.min_in_view / np.maximum(warps["zoom"], 1.0) ** 2
    return ~(enough & (smallest > 0) & _is_finite(warps["homography"]))


def _is_finite(homography):
    """Tells whether no position of the view comes near infinity."""
    corners = warp_formulas.CORNERS @ homography[:, 2, :2, None]
    return (corners[..., 0] + homography[:, 2, 2:]).min(axis=1) > 0.05


def _draw_affine(rng, strength, ranges):
    """Draws affine matrices."""
    number, reach = len(strength), strength[:, None]
    limit = np.radians(ranges.affine_angle)
    angle, shear_angle = strength * rng.uniform(-limit, limit, (2, number))
    stretch = 1 + reach * ranges.affine_scale * rng.uniform(-1, 1, (number, 2))
    shift = reach * ranges.affine_shift * rng.uniform(-1, 1, (number, 2))
    return warp_formulas.affine_matrices(angle, shear_angle, stretch, shift)
