"""Checkpoints in every container, and files that must not be read."""

import collections
import os
import pickle
import sys
import types
import zipfile

import numpy as np
import pytest
from absl import logging

torch = pytest.importorskip("torch")

from gocor_tf.export import published_checkpoint  # noqa: E402

SERIALIZATIONS = pytest.mark.parametrize("legacy", [False, True])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "network.pth.tar"


def save(content, path, legacy=False):
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)


def state_dict():
    return collections.OrderedDict(
        {
            "conv.0.weight": torch.arange(24.0).reshape(2, 3, 2, 2),
            "conv.1.running_mean": torch.tensor([0.5, -1.0]),
            "conv.1.num_batches_tracked": torch.tensor(7),
        }
    )


def foreign_class(monkeypatch, module, name, **methods):
    """Makes a class that can be pickled here and is forgotten afterwards."""
    created = type(name, (), {"__module__": module, **methods})
    for part in (module.partition(".")[0], module):
        if part not in sys.modules:
            monkeypatch.setitem(sys.modules, part, types.ModuleType(part))
    setattr(sys.modules[module], name, created)
    return created


def trainer_checkpoint(monkeypatch):
    """What the published training code saves (8.3)."""
    constructor = foreign_class(
        monkeypatch, "admin.model_constructor", "NetConstructor"
    )()
    constructor.kwds = {"md": 4, "batch_norm": True}
    meter = foreign_class(monkeypatch, "admin.stats", "AverageMeter")()
    meter.val, meter.history = 0.5, [1.5, 0.5]
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.Adam([weight])
    weight.sum().backward()
    optimizer.step()
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 5])
    return {
        "epoch": 3,
        "actor_type": "GLUNetBasedActor",
        "state_dict": state_dict(),
        "net_info": None,
        "constructor": constructor,
        "optimizer": optimizer.state_dict(),
        "lr_scheduler": scheduler.state_dict(),
        "stats": collections.OrderedDict(train={"Loss": meter}),
        "best_val": torch.tensor(0.25),
    }


@SERIALIZATIONS
@pytest.mark.parametrize("container", ["bare", "state_dict", "trainer"])
def test_every_container_gives_the_same_tensors(
    path, monkeypatch, container, legacy
):
    with monkeypatch.context() as patched:
        content = {
            "bare": state_dict(),
            "state_dict": {"epoch": 1, "state_dict": state_dict()},
            "trainer": trainer_checkpoint(patched),
        }[container]
        save(content, path, legacy)
    arrays = published_checkpoint.read(path)
    assert list(arrays) == list(state_dict())
    for name, tensor in state_dict().items():
        np.testing.assert_array_equal(arrays[name], tensor.numpy())


@SERIALIZATIONS
def test_stored_objects_do_nothing_when_read(path, monkeypatch, legacy):
    """Neither their constructors nor their states reach anything."""

    def fail(*args):
        raise AssertionError("the checkpoint was run")

    state = {"val": 0.5, "__setstate__": "rm", "__class__": "rm"}
    methods = {"__reduce__": lambda self: (type(self), ("rm",), state)}
    meter = foreign_class(monkeypatch, "admin.stats", "AverageMeter", **methods)
    content = {"stats": meter(), "state_dict": state_dict()}
    save(content, path, legacy)
    meter.__init__ = meter.__new__ = meter.__setstate__ = fail
    assert "conv.0.weight" in published_checkpoint.read(path)


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@SERIALIZATIONS
@pytest.mark.parametrize(
    ("function", "name"),
    [(os.system, r"(posix|nt)\.system"), (eval, "eval")],
)
def test_a_call_is_refused_by_name(path, tmp_path, legacy, function, name):
    trace = tmp_path / "trace"
    command = {os.system: f"touch {trace}", eval: f"open({str(trace)!r}, 'w')"}
    content = {"epoch": Call(function, command[function])}
    save({**content, "state_dict": state_dict()}, path, legacy)
    with pytest.raises(ValueError, match=f"asks for {name}, which was refused"):
        published_checkpoint.read(path)
    assert not trace.exists()


def test_a_call_in_the_state_of_a_known_class_is_refused(path, monkeypatch):
    meter = foreign_class(monkeypatch, "admin.stats", "AverageMeter")()
    meter.val = Call(os.system, "true")
    save({"stats": meter, "state_dict": state_dict()}, path)
    with pytest.raises(ValueError, match=r"asks for \w+\.system"):
        published_checkpoint.read(path)


def test_other_classes_are_refused_by_name(path, monkeypatch):
    with monkeypatch.context() as patched:
        other = foreign_class(patched, "admin.stats", "Other")()
        save({"stats": other, "state_dict": state_dict()}, path)
    with pytest.raises(ValueError, match=r"asks for admin\.stats\.Other"):
        published_checkpoint.read(path)


def test_module_prefix_is_dropped(path):
    save({f"module.{n}": t for n, t in state_dict().items()}, path)
    assert list(published_checkpoint.read(path)) == list(state_dict())


@pytest.mark.parametrize("dtype", ["float16", "float64", "bfloat16"])
def test_other_floats_become_float32_with_a_warning(path, monkeypatch, dtype):
    warnings = []
    monkeypatch.setattr(
        logging, "warning", lambda text, *args: warnings.append(text % args)
    )
    tensor = torch.tensor([0.5, 3.0], dtype=getattr(torch, dtype))
    save({"a": tensor, "b": torch.ones(1)}, path)
    array = published_checkpoint.read(path)["a"]
    assert array.dtype == "float32"
    np.testing.assert_array_equal(array, [0.5, 3.0])
    assert warnings == [f"converted from torch.{dtype} to float32: a"]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ([torch.ones(2)], "list"),
        ({}, "dict"),
        ({"state_dict": {}}, "dict"),
        ({"epoch": 3, "model": {"a": torch.ones(2)}}, "epoch, model"),
        ({"a": torch.ones(2), 5: torch.ones(2)}, "5"),
    ],
)
def test_what_is_no_state_dict_is_named(path, content, found):
    save(content, path)
    with pytest.raises(ValueError, match=f"tensors by name.* holds {found}"):
        published_checkpoint.read(path)


@pytest.mark.parametrize(
    "tensor", [torch.eye(3).to_sparse(), torch.ones(1).expand(9)]
)
def test_tensors_of_another_kind_are_named(path, tensor):
    save({"conv.weight": tensor}, path)
    with pytest.raises(ValueError, match="plain tensors only.* conv.weight"):
        published_checkpoint.read(path)


@SERIALIZATIONS
@pytest.mark.parametrize("kept", [0.2, 0.5, 0.99])
def test_truncated_file_is_refused(path, legacy, kept):
    save({"a": torch.ones(1000)}, path, legacy)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(ValueError, match=r"`checkpoint` must be \w+.* but"):
        published_checkpoint.read(path)


def test_damaged_archive_is_refused(path):
    save({"a": torch.ones(1000)}, path)
    data = bytearray(path.read_bytes())
    data[data.index(torch.ones(4).numpy().tobytes()) + 100] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="must be intact.*/data/0 is damaged"):
        published_checkpoint.read(path)


def rewrite(path, compression=zipfile.ZIP_STORED, change=None, extra=()):
    """Writes a checkpoint's archive anew, with its pickle changed."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    for name, data in entries.items():
        if change and name.endswith("/data.pkl"):
            assert change[0] in data
            entries[name] = data.replace(*change)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in {**entries, **dict(extra)}.items():
            archive.writestr(name, data)


def test_compressed_archive_is_refused(path):
    save({"a": torch.zeros(10**6)}, path)
    rewrite(path, zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="hold its tensors uncompressed"):
        published_checkpoint.read(path)


def test_archive_that_claims_more_than_its_size_is_refused(path):
    save({"a": torch.zeros(1000)}, path)
    data = path.read_bytes()
    size = (4000).to_bytes(4, "little")
    assert data.count(size) >= 2
    path.write_bytes(data.replace(size, (4 * 10**9).to_bytes(4, "little")))
    with pytest.raises(ValueError, match="hold its tensors uncompressed"):
        published_checkpoint.read(path)


def test_storage_of_another_length_is_refused(path):
    save({"a": torch.zeros(6)}, path)
    rewrite(path, change=(b"K\x06t", b"K\xc8t"))
    with pytest.raises(ValueError, match="record size .24 bytes. does not"):
        published_checkpoint.read(path)


def test_torchscript_is_refused(path):
    save({"a": torch.zeros(6)}, path)
    rewrite(path, extra={"network/constants.pkl": b""}.items())
    with pytest.raises(ValueError, match="not a TorchScript program"):
        published_checkpoint.read(path)


@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG\r\n", pickle.dumps(Call(os.system, "true"))]
)
def test_foreign_file_is_refused(path, data):
    path.write_bytes(data)
    with pytest.raises(ValueError, match="a file that torch.save wrote"):
        published_checkpoint.read(path)


def test_missing_file_is_named(path):
    with pytest.raises(ValueError, match=r"existing file.*network\.pth\.tar"):
        published_checkpoint.read(path)


def test_names_become_one_phrase():
    assert published_checkpoint.enumerate_names("ab") == "a, b"
    assert published_checkpoint.enumerate_names("abcdef") == (
        "a, b, c, d and 2 more"
    )
