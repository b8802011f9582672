"""Pairs from several sources, each with its share (spec 1.8)."""

import functools

import numpy as np
from keras import ops

from gocor_tf.ops import flow as flow_ops
from gocor_tf.ops import resize

_COARSE_SIZE = (256, 256)
# Shares are exact in every so many successive pairs.
_BLOCK = 1000


class Mixture:
    """An endless sequence whose pairs come from several sources.

    `pair(number)` depends on the sources, the constructor's other arguments
    and `number` alone. Each source's pairs appear in its own order, and none
    is left out. In every 1000 successive pairs, the sources' counts are those
    of the shares, rounded.

    A row of a batch has the arrays of every source, and `render` renders all
    of them and picks one a row. That costs time and memory, but all replicas
    do the same work on arrays of the same shapes whatever the draw, JAX
    compiles one function, and batch statistics are those of mixed batches.

    Args:
        members: sources of pairs of one size.
        shares: positive numbers, one for each member, in any unit.
        seed: a non-negative integer.
        overwrite_masks: for each member, whether the loss counts everywhere,
            whatever its own mask; `()`: nowhere overwritten.

    Convention:
        If a member has sparse ground truth for 256 x 256 images of its own,
        the others' flow is resized to that, and their masks are 1 where all
        of a pixel counts. (The published data with moving objects counts
        pixels of which any part does.)

    Example:
    ```python
    pairs = Mixture([synthetic_pairs, real_pairs], shares=(2, 1))
    rendered = pairs.render(batches.make_batch(pairs, range(4)))
    ```
    """

    def __init__(self, members, shares, seed=0, overwrite_masks=()):
        _check(members, shares, seed, overwrite_masks)
        self.members = tuple(members)
        self.shares = tuple(shares)
        self.seed = seed
        self.overwrite_masks = tuple(overwrite_masks)
        self.size = members[0].size
        self._counts = _block_counts(shares)
        # Real pairs: from zeros, a renderer could make positions that are no
        # numbers, and fail.
        self._fillers = [member.pair(0) for member in members]

    @property
    def num_pairs(self):
        """Pairs of all members' epochs together."""
        return sum(member.num_pairs for member in self.members)

    def pair(self, number):
        """Prepares one pair on the host.

        Args:
            number: its place in the endless sequence, from 0.

        Returns:
            A dict of NumPy arrays: `member`, int32, the place of its source
            in `members`; that source's arrays, and those of the others' pair
            0, with the source's place in front: "0/query".
        """
        member, own_number = self.locate(number)
        arrays = {"member": np.asarray(member, "int32")}
        for index, source in enumerate(self.members):
            pair = (
                source.pair(own_number)
                if index == member
                else self._fillers[index]
            )
            arrays |= {f"{index}/{name}": pair[name] for name in pair}
        return arrays

    def locate(self, number):
        """Returns which member a pair comes from, and its number there."""
        block, place = divmod(number, _BLOCK)
        order = _order(self.seed, block, self._counts)
        member = int(order[place])
        before = np.count_nonzero(order[:place] == member)
        return member, block * self._counts[member] + before

    def render(self, batch):
        """Renders every member's rows and picks one a row.

        Args:
            batch: dicts of `pair`, stacked, as arrays or tensors.

        Returns:
            What the members render: `reference`, `query`, `flow`, `valid`,
            `mask`, and `flow_256` and `mask_256` if any member has them.
        """
        rendered = [
            member.render(self.part(batch, index))
            for index, member in enumerate(self.members)
        ]
        return self.pick(batch, rendered)

    def part(self, batch, index):
        """Returns the arrays of a batch that are a member's.

        Args:
            batch: dicts of `pair`, stacked, as arrays or tensors.
            index: the member's place.
        """
        prefix = f"{index}/"
        return {
            name.removeprefix(prefix): value
            for name, value in batch.items()
            if name.startswith(prefix)
        }

    def pick(self, batch, rendered):
        """Picks one member a row.

        Args:
            batch: dicts of `pair`, stacked, as arrays or tensors.
            rendered: list of what the members rendered.

        Returns:
            As `render`.
        """
        rendered = list(rendered)
        if any("flow_256" in pair for pair in rendered):
            rendered = [_with_coarse_flow(pair) for pair in rendered]
        for index, is_overwritten in enumerate(self.overwrite_masks):
            if is_overwritten:
                rendered[index] |= {
                    name: ops.ones_like(value)
                    for name, value in rendered[index].items()
                    if name.startswith("mask")
                }
        member = ops.reshape(batch["member"], (-1, 1, 1, 1))
        mixed = rendered[0]
        for index, pair in enumerate(rendered[1:], start=1):
            mixed = {
                name: ops.where(member == index, pair[name], value)
                for name, value in mixed.items()
            }
        return mixed


def _check(members, shares, seed, overwrite_masks):
    if not members or len(members) != len(shares):
        raise ValueError(
            "`members` and `shares` must have the same number of entries, at "
            f"least one. Received: {len(members)} members, shares={shares}"
        )
    if min(shares) * _BLOCK < sum(shares):
        raise ValueError(
            f"`shares` must be positive, each at least 1 in {_BLOCK}. "
            f"Received: shares={shares}"
        )
    if seed < 0:
        raise ValueError(f"`seed` must be >= 0. Received: seed={seed}")
    if overwrite_masks and len(overwrite_masks) != len(members):
        raise ValueError(
            "`overwrite_masks` must be empty or have an entry for each of "
            f"{len(members)} members. Received: "
            f"overwrite_masks={overwrite_masks}"
        )
    sizes = [member.size for member in members]
    if len(set(sizes)) > 1:
        raise ValueError(
            "`members` must make images of one size. Received: "
            f"members of sizes {sizes}"
        )


def _block_counts(shares):
    """Returns how many pairs of a block are each member's."""
    exact = np.asarray(shares, "float64") / sum(shares) * _BLOCK
    counts = np.floor(exact).astype(int)
    largest = np.argsort(counts - exact, kind="stable")
    counts[largest[: _BLOCK - counts.sum()]] += 1
    return tuple(counts.tolist())


@functools.lru_cache(maxsize=16)
def _order(seed, block, counts):
    """Returns the member of each pair of a block."""
    members = np.repeat(np.arange(len(counts)), counts)
    return np.random.default_rng([seed, 5, block]).permutation(members)


def _with_coarse_flow(pair):
    """Adds flow and mask for 256 x 256 images, unless they are there."""
    if "flow_256" in pair:
        return pair
    # Not quite 1 in float32, where all of a pixel counts.
    mask = resize.bilinear_resize(pair["mask"], _COARSE_SIZE) + 1e-4
    return pair | {
        "flow_256": flow_ops.resize_flow(pair["flow"], _COARSE_SIZE),
        "mask_256": ops.floor(mask),
    }
