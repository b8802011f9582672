"""A SavedModel through TensorFlow's C API, which is what servers load it with.

    python tests/serving/c_api.py VERSION_DIRECTORY REQUEST.npz ANSWER.npz

runs it in a process that has not imported TensorFlow's Python package, let
alone Keras. The request holds one array for each tensor to feed, by its name
in the graph, and "fetches", the names of those wanted.
"""

import contextlib
import ctypes
import importlib.util
import pathlib
import sys

import numpy as np

# Numbers of DataType in tensorflow/core/framework/types.proto.
_DTYPES = {
    1: np.dtype(np.float32),
    2: np.dtype(np.float64),
    3: np.dtype(np.int32),
    4: np.dtype(np.uint8),
    9: np.dtype(np.int64),
    10: np.dtype(np.bool_),
    19: np.dtype(np.float16),
}
_STRING = 7
_STRING_SIZE = 24  # Bytes of a TF_TString.


class StatusError(Exception):
    """A TF_Status that is not OK; `code` is its number, as in gRPC."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class _Buffer(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("length", ctypes.c_size_t),
        ("deallocator", ctypes.c_void_p),
    ]


class _Output(ctypes.Structure):
    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


class Session:
    """The graph and the weights of a version directory, ready to run.

    Attributes:
        meta_graph: serialized MetaGraphDef, with the signatures.
    """

    def __init__(self, folder, tag="serve"):
        self._library = _load_library()
        self._graph = self._call("TF_NewGraph", ctypes.c_void_p)
        options = self._call("TF_NewSessionOptions", ctypes.c_void_p)
        buffer = self._call("TF_NewBuffer", ctypes.POINTER(_Buffer))
        tags = (ctypes.c_char_p * 1)(tag.encode())
        with self._status() as status:
            self._session = self._call(
                "TF_LoadSessionFromSavedModel",
                ctypes.c_void_p,
                ctypes.c_void_p(options),
                None,
                str(folder).encode(),
                tags,
                1,
                ctypes.c_void_p(self._graph),
                buffer,
                status,
            )
        self.meta_graph = ctypes.string_at(
            buffer.contents.data, buffer.contents.length
        )
        self._call("TF_DeleteBuffer", None, buffer)
        self._call("TF_DeleteSessionOptions", None, ctypes.c_void_p(options))

    def run(self, feeds, fetches, options=b""):
        """Runs the graph once.

        Args:
            feeds: dict from tensor name, such as "x:0", to array or, for
                strings, to an array of objects of type bytes.
            fetches: list of tensor names.
            options: serialized RunOptions.

        Returns:
            List of arrays.

        Raises:
            StatusError: if the run fails.
        """
        strings = []  # What string tensors point to, kept until they are gone.
        inputs = [self._to_tensor(array, strings) for array in feeds.values()]
        outputs = (ctypes.c_void_p * len(fetches))()
        options = ctypes.create_string_buffer(options, len(options))
        buffer = _Buffer(ctypes.addressof(options), len(options), None)
        try:
            with self._status() as status:
                self._call(
                    "TF_SessionRun",
                    None,
                    ctypes.c_void_p(self._session),
                    ctypes.byref(buffer),
                    (_Output * len(feeds))(*map(self._find, feeds)),
                    (ctypes.c_void_p * len(feeds))(*inputs),
                    len(feeds),
                    (_Output * len(fetches))(*map(self._find, fetches)),
                    outputs,
                    len(fetches),
                    None,
                    0,
                    None,
                    status,
                )
            return [self._to_array(tensor) for tensor in outputs]
        finally:
            for tensor in filter(None, [*inputs, *outputs]):
                self._call("TF_DeleteTensor", None, ctypes.c_void_p(tensor))

    def _find(self, name):
        operation, _, index = name.partition(":")
        found = self._call(
            "TF_GraphOperationByName",
            ctypes.c_void_p,
            ctypes.c_void_p(self._graph),
            operation.encode(),
        )
        if not found:
            raise StatusError(5, f"no operation is called {operation}")
        return _Output(found, int(index or 0))

    def _to_tensor(self, array, strings):
        is_string = array.dtype == object
        code = _STRING if is_string else _code(array.dtype)
        size = array.size * _STRING_SIZE if is_string else array.nbytes
        shape = (ctypes.c_int64 * array.ndim)(*array.shape)
        tensor = self._call(
            "TF_AllocateTensor",
            ctypes.c_void_p,
            code,
            shape,
            array.ndim,
            ctypes.c_size_t(size),
        )
        data = self._data(tensor)
        if is_string:
            for index, value in enumerate(array.ravel()):
                self._point_to(data + index * _STRING_SIZE, value, strings)
        else:
            contiguous = np.ascontiguousarray(array)
            ctypes.memmove(data, contiguous.ctypes.data, size)
        return tensor

    def _point_to(self, address, value, strings):
        strings.append(ctypes.create_string_buffer(value, max(len(value), 1)))
        self._call("TF_StringInit", None, ctypes.c_void_p(address))
        self._call(
            "TF_StringAssignView",
            None,
            ctypes.c_void_p(address),
            strings[-1],
            ctypes.c_size_t(len(value)),
        )

    def _to_array(self, tensor):
        pointer = ctypes.c_void_p(tensor)
        dtype = _DTYPES[self._call("TF_TensorType", ctypes.c_int, pointer)]
        rank = self._call("TF_NumDims", ctypes.c_int, pointer)
        shape = [
            self._call("TF_Dim", ctypes.c_int64, pointer, axis)
            for axis in range(rank)
        ]
        size = self._call("TF_TensorByteSize", ctypes.c_size_t, pointer)
        data = ctypes.string_at(self._data(tensor), size) if size else b""
        return np.frombuffer(data, dtype).reshape(shape)

    def _data(self, tensor):
        return self._call(
            "TF_TensorData", ctypes.c_void_p, ctypes.c_void_p(tensor)
        )

    @contextlib.contextmanager
    def _status(self):
        """Yields a TF_Status, and raises what it holds in the end."""
        status = ctypes.c_void_p(self._call("TF_NewStatus", ctypes.c_void_p))
        try:
            yield status
            code = self._call("TF_GetCode", ctypes.c_int, status)
            if code:
                message = self._call("TF_Message", ctypes.c_char_p, status)
                raise StatusError(code, message.decode("utf-8", "replace"))
        finally:
            self._call("TF_DeleteStatus", None, status)

    def _call(self, name, result_type, *arguments):
        # A function of its own for each call: its result type is then no
        # state that threads share.
        function = self._library[name]
        function.restype = result_type
        return function(*arguments)


def _load_library():
    package = importlib.util.find_spec("tensorflow")
    folder = package.submodule_search_locations[0]
    (path,) = pathlib.Path(folder).glob("libtensorflow_cc.so.?")
    return ctypes.CDLL(str(path))


def _code(dtype):
    for code, known in _DTYPES.items():
        if known == dtype:
            return code
    raise StatusError(3, f"tensors of type {dtype} are not supported here")


def main(folder, request, answer):
    """Answers a request from a file."""
    arrays = dict(np.load(request, allow_pickle=False))
    fetches = [str(name) for name in arrays.pop("fetches")]
    feeds = {
        name: array.astype(object) if array.dtype.kind == "S" else array
        for name, array in arrays.items()
    }
    results = Session(folder).run(feeds, fetches)
    if sys.modules.keys() & {"tensorflow", "keras", "gocor_tf"}:
        raise SystemExit("this process must not import TensorFlow or Keras")
    np.savez(answer, **dict(zip(fetches, results, strict=True)))


if __name__ == "__main__":
    main(*sys.argv[1:])
