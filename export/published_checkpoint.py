"""Reads PyTorch checkpoints without running anything they hold (8.3).

A checkpoint is a pickle, and a pickle can call any function. PyTorch's reader
for weights knows tensors and plain containers only; the two classes that the
published training code stores beside the weights are replaced by one that
forgets whatever it is given, and any other name in the pickle is refused.
"""

import os
import pickle
import re
import zipfile

from absl import logging

# What a trainer's checkpoint stores beside the weights.
_FOREIGN_CLASSES = (
    "admin.model_constructor.NetConstructor",
    "admin.stats.AverageMeter",
)
# What the standard library raises where an archive's bytes make no sense.
_DAMAGED_ARCHIVE = (
    zipfile.BadZipFile,
    EOFError,
    OSError,
    RuntimeError,
    UnicodeError,
)
_ZIP_START = b"PK\x03\x04"
# The number that files older than PyTorch's zip archives begin with.
_LEGACY_START = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)


class _Forgotten:
    """Stands for an object of a foreign class, and holds nothing of it."""

    __slots__ = ()

    def __new__(cls, *args, **kwargs):
        return super().__new__(cls)

    def __setstate__(self, state):
        del state


def read(path):
    """Returns the tensors of a checkpoint.

    Args:
        path: file written by `torch.save`, as a zip archive or in the older
            serialization: a state dict, or a dict that holds one under
            "state_dict". A `module.` before every name is dropped.

    Returns:
        Dict: tensor name -> NumPy array. Floating-point values of any kind
        are float32, and a warning names those that were not.

    Raises:
        ValueError: if the file is missing, damaged or of another kind, or
            holds more than weights; nothing of what it holds is run.
    """
    try:
        _check_container(path)
        arrays = _arrays(_state_dict(_load(path)))
    except ValueError as error:
        raise ValueError(
            f"`checkpoint` must {error}. Received: checkpoint={str(path)!r}"
        ) from error
    if all(name.startswith("module.") for name in arrays):
        return {name.removeprefix("module."): a for name, a in arrays.items()}
    return arrays


def enumerate_names(names, limit=4):
    """Returns names as one phrase: the first few, and how many more."""
    names = [str(name) for name in names]
    phrase = ", ".join(names[:limit])
    more = len(names) - limit
    return f"{phrase} and {more} more" if more > 0 else phrase


def _check_container(path):
    """Checks what can be known about a file before it is unpickled."""
    if not os.path.isfile(path):
        raise ValueError("be an existing file")
    with open(path, "rb") as file:
        start = file.read(len(_LEGACY_START))
    if start.startswith(_ZIP_START):
        _check_archive(path)
    elif start != _LEGACY_START:
        raise ValueError("be a file that torch.save wrote, and this is none")


def _check_archive(path):
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            # PyTorch stores tensors as they are. Any other archive could
            # unpack to more than memory holds.
            if any(e.compress_type != zipfile.ZIP_STORED for e in entries) or (
                sum(e.file_size for e in entries) > os.path.getsize(path)
            ):
                raise ValueError("hold its tensors uncompressed")
            if any(e.filename.endswith("/constants.pkl") for e in entries):
                raise ValueError("hold weights, not a TorchScript program")
            damaged = archive.testzip()
    except _DAMAGED_ARCHIVE as error:
        raise ValueError(
            "be complete, but this file is cut short or damaged"
        ) from error
    if damaged is not None:
        raise ValueError(f"be intact, but its entry {damaged} is damaged")


def _load(path):
    import torch

    stand_ins = [(_Forgotten, name) for name in _FOREIGN_CLASSES]
    try:
        with (
            open(path, "rb") as file,
            torch.serialization.safe_globals(stand_ins),
        ):
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        # A damaged or hostile pickle can make its reader raise anything.
        refused = re.search(r"GLOBAL (\S+)", str(error))
        if refused:
            raise ValueError(
                f"hold weights alone, but this one asks for {refused[1]}, "
                "which was refused and not run"
            ) from error
        raise ValueError(
            f"be readable as weights alone, but: {_reason(error)}"
        ) from error


def _reason(error):
    """Returns PyTorch's reason without its advice to run the file anyway."""
    text = str(error).strip()
    inner = re.search(r"WeightsUnpickler error:\s*(.+)", text)
    line = inner[1] if inner else text.partition("\n")[0].partition(". ")[0]
    return line or type(error).__name__


def _state_dict(content):
    import torch

    if isinstance(content, dict) and "state_dict" in content:
        content = content["state_dict"]
    expected = 'hold tensors by name, directly or under "state_dict"'
    if not isinstance(content, dict) or not content:
        raise ValueError(f"{expected}, but holds {type(content).__name__}")
    others = [
        name
        for name, value in content.items()
        if not (isinstance(name, str) and isinstance(value, torch.Tensor))
    ]
    if others:
        raise ValueError(f"{expected}, but holds {enumerate_names(others)}")
    return content


def _arrays(tensors):
    """Returns tensors as NumPy arrays, floating-point ones as float32."""
    import torch

    others = [name for name, t in tensors.items() if not _is_plain(t)]
    if others:
        raise ValueError(
            f"hold plain tensors only, unlike {enumerate_names(others)}"
        )
    converted = {}
    arrays = {}
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and tensor.dtype != torch.float32:
            converted.setdefault(tensor.dtype, []).append(name)
            tensor = tensor.to(torch.float32)
        arrays[name] = tensor.detach().numpy()
    for dtype, names in converted.items():
        logging.warning(
            "converted from %s to float32: %s", dtype, enumerate_names(names)
        )
    return arrays


def _is_plain(tensor):
    """Whether each value of a tensor has a place of its own in the file."""
    import torch

    return (
        type(tensor) in (torch.Tensor, torch.nn.Parameter)
        and tensor.layout == torch.strided
        and tensor.device.type == "cpu"
        and not tensor.is_quantized
        and tensor.nbytes <= tensor.untyped_storage().nbytes()
    )
