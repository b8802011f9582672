"""The local operations in PyTorch, a yardstick where it is installed.

Written as a port without compiled kernels usually is, channels first: 81
shifted multiply-adds, and `grid_sample`.
"""

import importlib.util

import numpy as np

from benchmarks import backend


def missing():
    """Returns why PyTorch cannot be timed here, or an empty string."""
    if importlib.util.find_spec("torch") is None:
        return "it is not installed"
    import torch

    if backend.device() != "cpu" and not torch.cuda.is_available():
        return f"it does not see {backend.device()}"
    return ""


def modes(function, inputs):
    """Returns what `stopwatch.compile_modes` does.

    Args:
        function: of this module.
        inputs: list of the backend's tensors, channels last.
    """
    import torch

    on_accelerator = backend.device() != "cpu"
    tensors = [
        torch.tensor(np.asarray(x)).permute(0, 3, 1, 2).contiguous()
        for x in inputs
    ]
    if on_accelerator:
        tensors = [tensor.cuda() for tensor in tensors]
    for tensor in tensors:
        tensor.requires_grad_()

    def forward():
        with torch.no_grad():
            function(*tensors)
        return finish()

    def gradient():
        output = function(*tensors)
        torch.autograd.grad(output, tensors, output.detach())
        return finish()

    def finish():
        if on_accelerator:
            torch.cuda.synchronize()
        return ()

    return {"forward": forward, "gradient": gradient}


def local_correlation(reference_features, query_features, radius=4):
    """Computes what `ops.local_correlation` computes, channels first."""
    import torch

    height, width = query_features.shape[2:]
    padded = torch.nn.functional.pad(query_features, 4 * (radius,))
    window = range(2 * radius + 1)
    return torch.stack(
        [
            (
                reference_features
                * padded[:, :, dy : dy + height, dx : dx + width]
            ).mean(1)
            for dy in window
            for dx in window
        ],
        dim=1,
    )


def warp(features, flow):
    """Computes what `ops.warp` computes, channels first.

    Args:
        features: `(batch, channels, height, width)`.
        flow: `(batch, 2, height, width)`, in pixels.
    """
    import torch

    height, width = flow.shape[2:]
    y, x = torch.meshgrid(
        torch.arange(height, device=flow.device),
        torch.arange(width, device=flow.device),
        indexing="ij",
    )
    grid = torch.stack(
        [
            2 * (x + flow[:, 0]) / (width - 1) - 1,
            2 * (y + flow[:, 1]) / (height - 1) - 1,
        ],
        dim=-1,
    )
    return torch.nn.functional.grid_sample(features, grid, align_corners=True)
