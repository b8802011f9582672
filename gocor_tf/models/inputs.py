"""Which images a network takes as a pair."""


def check_pair(pair):
    """Raises ValueError unless two images can be matched.

    What is not known while a graph is traced (a batch size, a height, a
    width) is not checked.

    Args:
        pair: `{"reference", "query"}`, images `(batch, height, width, 3)`.

    Raises:
        ValueError: if an image is missing, is not a batch of RGB images or
            has no pixels, or if the batches differ in length.
    """
    for name in ("reference", "query"):
        if not isinstance(pair, dict) or name not in pair:
            raise ValueError(
                f'`pair` must be a dict {{"reference", "query"}}. Received: '
                f"pair={_describe(pair)}"
            )
        _check_images(name, tuple(getattr(pair[name], "shape", ())))
    batches = pair["reference"].shape[0], pair["query"].shape[0]
    if None not in batches and batches[0] != batches[1]:
        raise ValueError(
            f"`query` must hold as many images as `reference`, {batches[0]}. "
            f"Received: query.shape={tuple(pair['query'].shape)}"
        )


def _check_images(name, shape):
    if len(shape) != 4 or shape[-1] != 3:
        raise ValueError(
            f"`{name}` must be RGB images (batch, height, width, 3). "
            f"Received: {name}.shape={shape}"
        )
    if 0 in shape:
        raise ValueError(
            f"`{name}` must hold an image, at least 1 pixel high and wide. "
            f"Received: {name}.shape={shape}"
        )


def _describe(pair):
    if isinstance(pair, dict):
        return f"a dict of {sorted(pair)}"
    return f"a {type(pair).__name__}"
