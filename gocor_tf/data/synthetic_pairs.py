"""Training pairs with exact flow, cut and warped out of single photographs.

A pair needs a piece of a photograph, the canvas, and a few numbers.
`SyntheticPairs.pair` prepares those on the host; `SyntheticPairs.render`
turns them into two images and their flow inside the training step:
`query(q) = canvas(A q)`, `reference(p) = canvas(A G(p))`, `flow = G(p) - p`
for a view `A` and a warp `G(u) = H(T(u))`, a spline and a homography. The
query, a plain cut, is made on the host already.

What is drawn is a law's business. A law is an object with

* `units(size)`: half the extent and the centre, in pixels, of the square in
  which the law measures positions, see `warp_formulas`.
* `sample(rng, size, index)`: draws one pair, for the photograph with that
  place in the list: a dict with `homography` `(3, 3)` and `spline` `(12, 2)`,
  which make up `G`, and whatever else `cut` needs.
* `cut(photograph, sampled, size)`: a dict with `canvas`, uint8 and always of
  one shape; `view` `(2, 3)`, which is `A`, from the law's units to pixels of
  the canvas; `window` `(2, 2)`, the first and last (x, y) on the canvas that
  show the photograph; `query` `(size, size, 3)` uint8; and `step`, pixels of
  the canvas for a pixel of the reference.
* `needed_side(size)`: the short side that photographs need at most, or None.

Laws: `ViewWarps`, `StaticWarps`, `FreeWarps` and `WarpTable`.

Convention:
    A perturbation `delta` bends the reference before all this: `reference(p)
    = canvas(A G(p + delta))`. Masks are those of the flow as it then is; the
    published ones are of the flow before.
"""

import functools

import numpy as np
from keras import ops

from gocor_tf.data import moving_objects, perturbations
from gocor_tf.data.appearance import ImageAppearance
from gocor_tf.data.augmentation import AppearanceRanges
from gocor_tf.data.canvases import blur
from gocor_tf.data.pair_geometry import PairGeometry
from gocor_tf.data.photograph_cache import PhotographCache
from gocor_tf.data.random_warps import ViewWarps

MASKS = ("valid", "none", "zero_border", "occlusion", "reprojection")
_ROLES = ("reference", "query")
# With a smaller share in view, only that is trained on.
_SMALLEST_SHARE = 0.1


class SyntheticPairs:
    """Synthetic pairs, any of which can be made again at any time.

    `pair(number)` depends on the constructor's arguments and `number` alone,
    so that a stopped training goes on with the same data, and may be called
    from several threads. Each epoch visits every photograph once, in an order
    of its own.

    Args:
        images: a folder, a list of file names, or a list of `(height, width,
            3)` uint8 RGB arrays.
        seed: a non-negative integer.
        size: height and width of the images of a pair, in pixels.
        law: how the images are warped; None: `ViewWarps()`.
        appearance: `AppearanceRanges` of both images; None: the default.
        perturbation: `PerturbationRanges`; None: none.
        objects: `ObjectRanges` of things that move on their own; None: none.
        cut_outs: where the objects come from, such as `PhotographCutOuts`.
        mask: where the loss counts. "valid": where the match is in view and
            the reference shows the photograph; "none": everywhere;
            "zero_border": where the reference shows the photograph or an
            object, but only where the match is in view for pairs with less
            than a tenth in view; "occlusion": where the match is in view and
            not hidden by an object; "reprojection": where it is not hidden.
        cache_megabytes: decoded photographs kept in memory; further ones are
            decoded whenever they are needed.

    Example:
    ```python
    pairs = SyntheticPairs([photograph], law=ViewWarps(zoom_probability=0.5))
    rendered = pairs.render(batches.make_batch(pairs, range(2)))
    rendered["flow"].shape  # (2, 256, 256, 2)
    ```
    """

    def __init__(
        self,
        images,
        *,
        seed=0,
        size=256,
        law=None,
        appearance=None,
        perturbation=None,
        objects=None,
        cut_outs=None,
        mask="valid",
        cache_megabytes=2048,
    ):
        if size < 2:
            raise ValueError(f"`size` must be > 1. Received: size={size}")
        if seed < 0:
            raise ValueError(f"`seed` must be >= 0. Received: seed={seed}")
        if mask not in MASKS:
            raise ValueError(
                f"`mask` must be one of {MASKS}. Received: mask={mask!r}"
            )
        if (objects is None) != (cut_outs is None):
            raise ValueError(
                "`objects` and `cut_outs` must be given together. Received: "
                f"objects={objects}, cut_outs={cut_outs}"
            )
        self.seed = seed
        self.size = size
        self.law = law or ViewWarps()
        self.perturbation = perturbation
        self.objects = objects
        self.cut_outs = cut_outs
        self.mask = mask
        self._appearance = ImageAppearance(
            appearance or AppearanceRanges(), size, seed
        )
        self._geometry = PairGeometry(size, *self.law.units(size))
        self._photographs = PhotographCache(
            images, cache_megabytes, self.law.needed_side(size)
        )

    @property
    def num_pairs(self):
        """Pairs of an epoch: one of every photograph."""
        return len(self._photographs)

    def pair(self, number):
        """Prepares one pair on the host.

        Args:
            number: its place in the endless sequence, from 0.

        Returns:
            A dict of NumPy arrays: canvas, query, warp, appearance, and what
            is drawn of perturbations and objects.

        Raises:
            ValueError: if the photograph cannot be read any more; the message
                has its name.
        """
        rng = np.random.default_rng([self.seed, 1, number])
        epoch, place = divmod(number, len(self._photographs))
        index = _order(self.seed, epoch, len(self._photographs))[place]
        sampled = self.law.sample(rng, self.size, index)
        arrays = self.law.cut(self._photographs[index], sampled, self.size)
        sharpness = {"canvas": arrays.pop("step"), "query": 1.0}
        arrays |= {name: sampled[name] for name in ("homography", "spline")}
        for name in ("homography", "spline", "view", "window"):
            arrays[name] = np.asarray(arrays[name], "float32")
        for image, role in (("canvas", "reference"), ("query", "query")):
            drawn, sigma = self._appearance.draw(rng)
            arrays[image] = blur(arrays[image], sigma * sharpness[image])
            arrays |= _add_prefix(role, drawn)
        if self.perturbation is not None:
            drawn = perturbations.draw(
                rng,
                self.size,
                self.perturbation,
                functools.partial(self._geometry.is_in_view, sampled),
            )
            arrays |= _add_prefix("perturbation", drawn)
        if self.objects is not None:
            drawn = moving_objects.draw(
                rng, self.size, self.objects, self.cut_outs
            )
            arrays |= _add_prefix("object", drawn)
        return arrays

    def render(self, batch):
        """Builds both images, the flow and its masks from a batch.

        Args:
            batch: dicts of `pair`, stacked, as arrays or tensors.

        Returns:
            A dict of float32 tensors: `reference` and `query` `(batch, size,
            size, 3)` RGB in 0..255; `flow` `(batch, size, size, 2)` in
            pixels; `valid` `(batch, size, size, 1)`, 1 where the reference
            shows the photograph or an object, and its match lies in the
            query, else 0; `mask`, likewise, 1 where the loss counts.
        """
        return run_stages(self.stages, batch)

    @property
    def stages(self):
        """What `render` does, one after the other: functions of two dicts.

        Each takes the batch and what the stage before returned, first `{}`.
        Compiled one by one, they take half the time: XLA would compute what
        several samples need, such as a bent match, anew for each of them.
        """
        bend = (self._displace, self._match) if self.perturbation else ()
        if self.objects is None:
            return (*bend, self._draw_and_finish)
        return (*bend, self._draw, self._add_objects, self._finish)

    def _displace(self, batch, state):
        """Adds what bends the reference, in pixels."""
        drawn = _without_prefix("perturbation", batch)
        return {"delta": perturbations.displacement(drawn, self.size)}

    def _match(self, batch, state):
        return {"matched": self._geometry.match(batch, state["delta"])}

    def _draw(self, batch, state):
        """Returns the pair of photographs."""
        matched = state["matched"] if state else self._geometry.match(batch)
        pair, shown = self._geometry.render(batch, matched)
        return {**pair, "shown": shown, "hidden": ops.zeros_like(shown)}

    def _add_objects(self, batch, state):
        """Adds what moves on its own."""
        pair = moving_objects.add_objects(
            _without_prefix("object", batch),
            state["reference"],
            state["query"],
            state["flow"],
            self.mask in ("occlusion", "reprojection"),
        )
        shown = ops.maximum(state["shown"], pair.pop("moved"))
        return {**pair, "shown": shown}

    def _finish(self, batch, state):
        """Changes colours and marks pixels."""
        pair = {"flow": state["flow"]}
        for role in _ROLES:
            pair[role] = self._appearance.apply(
                state[role], _without_prefix(role, batch)
            )
        shown, in_view = state["shown"], self._geometry.in_view(pair["flow"])
        mask = self._select_mask(shown, in_view, state["hidden"])
        return {**pair, "valid": shown * in_view, "mask": mask}

    def _draw_and_finish(self, batch, state):
        return self._finish(batch, self._draw(batch, state))

    def _select_mask(self, shown, in_view, hidden):
        """Returns where the loss counts."""
        if self.mask == "none":
            return ops.ones_like(shown)
        if self.mask == "valid":
            return shown * in_view
        if self.mask == "occlusion":
            return in_view * (1 - hidden)
        if self.mask == "reprojection":
            return 1 - hidden
        share = ops.mean(in_view, axis=(1, 2, 3), keepdims=True)
        return ops.where(share < _SMALLEST_SHARE, in_view, shown)


def run_stages(stages, batch):
    """Returns what the last of some stages returns.

    Args:
        stages: of a `SyntheticPairs`, or their compiled versions.
        batch: dicts of `pair`, stacked, as arrays or tensors.
    """
    state = {}
    for stage in stages:
        state = stage(batch, state)
    return state


def _add_prefix(prefix, arrays):
    return {f"{prefix}_{name}": value for name, value in arrays.items()}


def _without_prefix(prefix, batch):
    return {
        name.removeprefix(f"{prefix}_"): value
        for name, value in batch.items()
        if name.startswith(f"{prefix}_")
    }


@functools.lru_cache(maxsize=4)
def _order(seed, epoch, number):
    return np.random.default_rng([seed, 2, epoch]).permutation(number)
