"""The shared library as Python sees it. Every public function is bound from the headers, as the compiler reads them:
ct.mul(x, y) calls ct_mul_at("tests/peers", x, y), and a failure is raised as CotangentError."""
import ctypes
import re
import subprocess
from functools import cached_property

import torch

PLACE = b"tests/peers"
DTYPES = [torch.bool, torch.uint8, torch.int32, torch.int64, torch.float32, torch.float64]  # by enum ct_dtype
NUMBERS = {"int": ctypes.c_int, "int64_t": ctypes.c_int64, "double": ctypes.c_double, "size_t": ctypes.c_size_t,
           "bool": ctypes.c_bool, "float": ctypes.c_float, "uint64_t": ctypes.c_uint64}
ALL, END, ZERO = None, 2**63 - 1, -2**31  # CT_ALL as an argument of type ct_axes, CT_END, CT_ZERO


class CotangentError(Exception):
    """What ct_error() said."""


class Unsupported(Exception):
    """An adapter declines a sample, with a reason; counted apart."""


class Keep(tuple):
    """Axes of a reduction that stay, as CT_KEEP()."""


class Tensor:
    """A handle of the library, alive until the harness ends the scope."""

    def __init__(self, ct, handle):
        self.ct, self.handle = ct, handle

    @cached_property
    def shape(self):
        shape = self.ct.shape_of(self)
        return tuple(shape.dim[:shape.ndim])

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        return self.ct.size(self)

    @cached_property
    def dtype(self):
        """Of torch; also as self.code, the number of enum ct_dtype."""
        return DTYPES[self.code]

    @cached_property
    def code(self):
        return self.ct.dtype_of(self)

    @property
    def is_float(self):
        return self.dtype.is_floating_point

    def to_torch(self):
        out = torch.empty(self.shape, dtype=self.dtype)
        ctypes.memmove(out.data_ptr(), self.ct.data(self), out.numel() * out.element_size())
        return out


class Library:
    def __init__(self, path, include, compiler="cc"):
        self.dll = ctypes.CDLL(path)
        self.types, self.constants, self.functions = dict(NUMBERS), {"CT_MAX_DIMS": 8}, {}
        text = subprocess.run([compiler, "-E", "-P", "-I", include, include + "/cotangent/cotangent.h"], check=True,
                              capture_output=True, text=True).stdout
        self._read(re.sub(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)", "", text.replace("_Bool", "bool")))

    # ---- reading the headers ----

    def _read(self, text):
        for body, name in re.findall(r"typedef enum \w+ \{([^}]*)\} (ct_\w+);", text):
            self.types[name], value = ctypes.c_int, -1
            for item in filter(None, (part.strip() for part in body.split(","))):
                constant, _, given = item.partition("=")
                value = int(given, 0) if given.strip() else value + 1
                self.constants[constant.strip()] = value
        for body, name in re.findall(r"typedef struct \w+ \{([^}]*)\} (ct_\w+);", text):
            self._read_struct(name, body)
        for result, name, parameters in re.findall(r"([\w ]+?[ *]+)(ct_\w+)\(([^()]*)\);", text):
            self._read_function(result, name, parameters)

    def _read_struct(self, name, body):
        fields = []
        for line in filter(None, (part.strip() for part in body.split(";"))):
            kind, members = re.match(r"((?:const )?\w+) *(.*)", line, re.S).groups()
            for member in members.split(","):
                found = re.match(r"[\s*]*(?:const )?[\s*]*(\w+)(?:\[(\w+)\])?$", member)
                own = ctypes.c_void_p if "*" in member else self.types.get(kind)
                if own is None or not found:
                    return  # with members that no adapter needs
                word, extent = found.groups()
                fields.append((word, own * int(extent) if extent else own))
        self.types[name] = type(name, (ctypes.Structure,), {"_fields_": fields})

    def _type(self, text):
        if "*" in text:
            return ctypes.c_char_p if re.search(r"\bchar\b", text) else ctypes.c_void_p
        return self.types.get(re.sub(r"\b(const|extern)\b", "", text).strip())

    def _read_function(self, result, name, parameters):
        declared = [] if parameters.strip() in ("", "void") else [
            re.sub(r"\w+$", "", parameter.strip()) or parameter for parameter in parameters.split(",")]
        arguments = [self._type(text) for text in declared]
        void = result.strip() == "void"
        if None in arguments or (self._type(result) is None and not void) or not hasattr(self.dll, name):
            return
        function = getattr(self.dll, name)
        function.argtypes, function.restype = arguments, None if void else self._type(result)
        self.functions[name] = (function, [text.replace(" ", "") for text in declared], result.replace(" ", ""))

    # ---- calls ----

    def __getattr__(self, name):
        if name.startswith("CT_"):
            return self.constants[name]
        for full in ("ct_" + name + "_at", "ct_" + name):
            if full in self.functions:
                return self._bind(full)
        raise Unsupported("there is no ct_" + name + "()")

    def _bind(self, full):
        function, declared, result = self.functions[full]
        placed = full.endswith("_at")

        def call(*given):
            alive = []  # what the arguments point to
            arguments = [self._argument(kind, value, alive)
                         for kind, value in zip(declared[placed:], given, strict=True)]
            return self._result(result, function(*([PLACE] if placed else []), *arguments), placed)

        return call

    def _argument(self, kind, value, alive):
        if "ct_tensor*" in kind and "**" not in kind:
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                value = self.scalar(value)
            return value.handle if value is not None else None
        if kind == "ct_shape":
            return self.types[kind](len(value), tuple(value)) if len(value) <= 8 else self.types[kind](len(value))
        if kind == "ct_axes":
            n = -1 if value is ALL else len(value)
            return self.types[kind](n, isinstance(value, Keep), tuple(value or ())[:8])
        if kind == "ct_list":
            handles = (ctypes.c_void_p * max(len(value), 1))(*[t.handle if t else None for t in value])
            alive.append(handles)
            return self.types[kind](len(value), ctypes.addressof(handles))
        if kind in self.types and issubclass(self.types[kind], ctypes.Structure) and isinstance(value, (tuple, dict)):
            return self.types[kind](**value) if isinstance(value, dict) else self.types[kind](*value)
        return value

    def _result(self, kind, value, placed):
        if kind == "ct_tensor*":
            if not value:
                self.fail()
            return Tensor(self, value)
        if kind == "bool" and placed and not value:
            self.fail()
        if kind == "ct_list":
            if not value.n and self.error():
                self.fail()
            return [Tensor(self, handle) for handle in (ctypes.c_void_p * value.n).from_address(value.items)] \
                if value.n else []
        if isinstance(value, ctypes.Structure) and all(kind is ctypes.c_void_p for _, kind in value._fields_):
            if not all(getattr(value, name) for name, _ in value._fields_):
                self.fail()
            return [Tensor(self, getattr(value, name)) for name, _ in value._fields_]
        return value

    def fail(self):
        raise CotangentError((self.error() or b"failed without an error").decode())

    # ---- from torch ----

    def tensor(self, value, dtype=None):
        """A constant with the elements of a torch tensor or a Python number."""
        value = torch.as_tensor(value, dtype=dtype).detach().resolve_conj().resolve_neg().contiguous()
        if value.dtype not in DTYPES:
            raise Unsupported(f"dtype {value.dtype}".replace("torch.", ""))
        return self.from_(DTYPES.index(value.dtype), tuple(value.shape), value.data_ptr())

    def from_(self, *arguments):
        return self._bind("ct_from_at")(*arguments)

    def dtype_code(self, dtype):
        if dtype not in DTYPES:
            raise Unsupported(f"dtype {dtype}".replace("torch.", ""))
        return DTYPES.index(dtype)
