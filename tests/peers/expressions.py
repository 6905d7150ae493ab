"""Gives random formulas to the library, to Python and to PyTorch: the values must be Python's and the gradients PyTorch's,
within 4 units of what rounding can do to them; see README.md.

usage: expressions.py LIBRARY INCLUDE [COMPILER]

What rounding can do is computed beside the value: each operation errs by one ulp of its result and passes on the errors of
its operands, and likewise for the derivatives. The formulas have no parentheses that precedence does not ask for, so that
both parsers must agree on it.
"""
import ctypes
import math
import os
import random
import sys

try:
    import torch
except Exception as reason:  # whatever keeps PyTorch from being the peer
    print(f"peers: skipped, there is no PyTorch: {reason!r}")
    sys.exit(77)

sys.dont_write_bytecode = True
from library import Library  # noqa: E402

FORMULAS = int(os.environ.get("CT_FORMULAS", 100_000))
UNITS, ULP, TINY = 4, 2.0**-52, 1e-300
NAMES = ["x", "y", "z", "w"]
COUNT = len(NAMES)


# ---- numbers that know their derivatives, and how far off all may be ----

class Skip(Exception):
    """Rounding decides which way a formula goes, or it leaves the numbers."""


class Number:
    __slots__ = ("v", "e", "d", "de")  # value and its error, derivatives and theirs

    def __init__(self, v, e=0.0, d=(0.0,) * COUNT, de=(0.0,) * COUNT):
        self.v, self.e, self.d, self.de = v, e, d, de

    def __add__(self, y): return binary(self, y, self.v + y.v, 1, 1)
    def __sub__(self, y): return binary(self, y, self.v - y.v, 1, -1)
    def __mul__(self, y): return binary(self, y, self.v * y.v, y.v, self.v, 0, 1, 0)

    def __truediv__(self, y):
        z = self.v / y.v
        return binary(self, y, z, 1 / y.v, -z / y.v, 0, -1 / y.v**2, 2 * z / y.v**2)

    def __pow__(self, y):
        x, n, z = self.v, y.v, self.v**y.v
        if isinstance(z, complex) or x == 0:
            raise Skip
        fixed = not any(y.d) and not y.e  # a constant exponent: log x is not asked for
        log = 0 if fixed else math.log(x)
        return binary(self, y, z, n * x**(n - 1), z * log, n * (n - 1) * x**(n - 2),
                      0 if fixed else x**(n - 1) * (1 + n * log), z * log * log)

    def __neg__(self): return Number(-self.v, self.e, tuple(-d for d in self.d), self.de)
    def __gt__(self, y): return compare(self, y, self.v > y.v)
    def __lt__(self, y): return compare(self, y, self.v < y.v)
    def __ge__(self, y): return compare(self, y, self.v >= y.v)


def is_clear(difference, error):
    """A condition that rounding cannot turn."""
    if error and abs(difference) <= 8 * error:
        raise Skip
    return True


def compare(x, y, result):
    is_clear(x.v - y.v, x.e + y.e)
    return Number(float(result))


def unary(x, z, f1, f2, rounding=0.0):
    """z = f(x) with derivatives f1 and f2; f1 is computed from terms as large as `rounding`."""
    slope, bend = abs(f1), abs(f2) * x.e + ULP * (abs(f1) + rounding)
    return Number(z, slope * x.e + ULP * abs(z), tuple(f1 * d for d in x.d),
                  tuple(slope * de + bend * abs(d) for d, de in zip(x.d, x.de)))


def binary(x, y, z, fx, fy, fxx=0.0, fxy=0.0, fyy=0.0):
    ax, ay = abs(fx), abs(fy)
    bx = abs(fxx) * x.e + abs(fxy) * y.e + 2 * ULP * ax
    by = abs(fxy) * x.e + abs(fyy) * y.e + 2 * ULP * ay
    return Number(z, ax * x.e + ay * y.e + ULP * abs(z), tuple(fx * a + fy * b for a, b in zip(x.d, y.d)),
                  tuple(ax * ea + ay * eb + bx * abs(a) + by * abs(b)
                        for a, b, ea, eb in zip(x.d, y.d, x.de, y.de)))


def kinked(x, slope):
    is_clear(x.v, x.e)
    return unary(x, slope * x.v, slope, 0)


def tan(x):
    z = math.tan(x.v)
    return unary(x, z, 1 + z * z, 2 * z * (1 + z * z))


def tanh(x):
    z = math.tanh(x.v)
    return unary(x, z, 1 - z * z, -2 * z * (1 - z * z), 1 + z * z)


def sigmoid(x):
    z = 1 / (1 + math.exp(-x.v))
    return unary(x, z, z * (1 - z), z * (1 - z) * (1 - 2 * z), z + z * z)


def atan(x):
    return unary(x, math.atan(x.v), 1 / (1 + x.v**2), -2 * x.v / (1 + x.v**2)**2)


def erf(x):
    slope = 2 / math.sqrt(math.pi) * math.exp(-x.v**2)
    return unary(x, math.erf(x.v), slope, -2 * x.v * slope, 2 * x.v**2 * slope)


def select(x, y, first):
    is_clear(x.v - y.v, x.e + y.e)
    return x if first else y


PYTHON = {
    "sin": lambda x: unary(x, math.sin(x.v), math.cos(x.v), -math.sin(x.v)),
    "cos": lambda x: unary(x, math.cos(x.v), -math.sin(x.v), -math.cos(x.v)),
    "exp": lambda x: unary(x, math.exp(x.v), math.exp(x.v), math.exp(x.v)),
    "log": lambda x: unary(x, math.log(x.v), 1 / x.v, -1 / x.v**2),
    "sqrt": lambda x: unary(x, math.sqrt(x.v), 0.5 / math.sqrt(x.v), -0.25 / x.v**1.5),
    "sinh": lambda x: unary(x, math.sinh(x.v), math.cosh(x.v), math.sinh(x.v)),
    "cosh": lambda x: unary(x, math.cosh(x.v), math.sinh(x.v), math.cosh(x.v)),
    "log1p": lambda x: unary(x, math.log1p(x.v), 1 / (1 + x.v), -1 / (1 + x.v)**2),
    "expm1": lambda x: unary(x, math.expm1(x.v), math.exp(x.v), math.exp(x.v), 1 + abs(math.expm1(x.v))),
    "square": lambda x: unary(x, x.v * x.v, 2 * x.v, 2),
    "relu": lambda x: kinked(x, 1.0 if x.v > 0 else 0.0),
    "abs": lambda x: kinked(x, math.copysign(1.0, x.v) if x.v else 0.0),
    "tan": tan, "tanh": tanh, "sigmoid": sigmoid, "atan": atan, "erf": erf,
}
PYTHON_TWO = {
    "maximum": lambda x, y: select(x, y, x.v > y.v),
    "minimum": lambda x, y: select(x, y, x.v < y.v),
}

FUNCTIONS, FUNCTIONS_OF_TWO = list(PYTHON), list(PYTHON_TWO)


# ---- formulas ----

class Writer:
    """A random formula as text, once for the library and once for Python, where numbers are written N(0.5)
    and conditions B(x > y)."""

    def __init__(self, rng):
        self.rng, self.names = rng, list(NAMES)

    def pick(self, items):
        return items[int(self.rng.random() * len(items))]

    def join(self, ours, python):
        gap = self.pick(["", "", " "])
        return gap.join(ours), gap.join(python)

    def formula(self):
        ours, python = [], []
        for i in range(self.pick([0, 0, 0, 1, 2])):
            a, b = self.sum(1)
            name = f"p{i}"
            ours.append(f"{name} = {a}")
            python.append(f"{name} = {b}")
            self.names.append(name)
        a, b = self.sum(2)
        return "; ".join(ours + [a]), "\n".join(python + [f"result = {b}"])

    def chain(self, depth, operators, part):
        ours, python = map(list, zip(part(depth)))
        while self.rng.random() < 0.3:
            operator = self.pick(operators)
            a, b = part(depth)
            ours += [operator, a]
            python += [operator, b]
        return self.join(ours, python)

    def sum(self, depth): return self.chain(depth, "+-", self.product)
    def product(self, depth): return self.chain(depth, "*/", self.sign)

    def sign(self, depth):
        if self.rng.random() < 0.1:
            a, b = self.sign(depth)
            return "-" + a, "-" + b
        return self.power(depth)

    def power(self, depth):
        a, b = self.atom(depth)
        if self.rng.random() < 0.85:
            return a, b
        p, q = self.sign(0) if self.rng.random() < 0.3 else self.number(self.pick(["2", "3", "-1", "0.5", "-2"]))
        return f"{a}{self.pick(['^', '**', ' ^ '])}{p}", f"{b}**{q}"

    def number(self, text=None):
        text = text or self.pick([f"{self.rng.uniform(0, 3):.{self.rng.randint(0, 17)}f}", "2", "1e-2", ".75", "3."])
        return text, f"N({text})"

    def atom(self, depth):
        kind = self.rng.random()
        if depth == 0 or kind < 0.4:
            if self.rng.random() < 0.2:
                return self.number()
            name = self.pick(self.names)
            return name, name
        a, b = self.sum(depth - 1)
        if kind < 0.55:
            return f"({a})", f"({b})"
        if kind < 0.9:
            name = self.pick(FUNCTIONS)
            return f"{name}({a})", f"{name}({b})"
        p, q = self.sum(depth - 1)
        if kind < 0.95:
            name = self.pick(FUNCTIONS_OF_TWO)
            return f"{name}({a}, {p})", f"{name}({b}, {q})"
        operator = self.pick([">", "<", ">="])
        return f"(2*({a} {operator} {p}))", f"(N(2)*B({b} {operator} {q}))"


# ---- the three ----

def by_python(code, values):
    """The value and its derivatives, with the bounds of their errors."""
    units = [tuple(float(i == k) for i in range(COUNT)) for k in range(COUNT)]
    names = {name: Number(v, 0.0, units[k]) for k, (name, v) in enumerate(zip(NAMES, values))}
    space = {"N": lambda v: Number(float(v)), "B": lambda condition: condition, **PYTHON, **PYTHON_TWO, **names}
    try:
        exec(code, space)
    except (ValueError, OverflowError, ZeroDivisionError):
        raise Skip from None
    result = space["result"]
    if not all(map(math.isfinite, (result.v, result.e, *result.d, *result.de))):
        raise Skip
    return result


def make_torch_functions():
    def lifted(function):
        return lambda *xs: function(*[x if torch.is_tensor(x) else torch.tensor(float(x)) for x in xs])
    functions = {name: lifted(getattr(torch, name)) for name in (*PYTHON, *PYTHON_TWO)}
    return {**functions, "N": float, "B": float}


TORCH = make_torch_functions()


def by_torch(code, values):
    leaves = [torch.tensor(v, requires_grad=True) for v in values]
    space = {**TORCH, **dict(zip(NAMES, leaves))}
    exec(code, space)
    result = space["result"]
    if not torch.is_tensor(result) or not result.requires_grad:
        return [0.0] * COUNT
    return [0.0 if g is None else g.item() for g in torch.autograd.grad(result, leaves, allow_unused=True)]


class Ours:
    def __init__(self, arguments):
        ct = Library(*arguments)
        self.call = {name: ct.functions[name][0] for name in (
            "ct_begin", "ct_end", "ct_var_at", "ct_eval_at", "ct_item_at", "ct_backward_at", "ct_gradient_at",
            "ct_has_gradient", "ct_needs_gradient", "ct_error", "ct_dtype_of")}
        self.list, self.f64 = ct.types["ct_list"], ct.constants["CT_F64"]

    def __call__(self, text, values):
        call, at = self.call, b"formula"
        scope = call["ct_begin"]()
        leaves = [call["ct_var_at"](at, v, name.encode()) for name, v in zip(NAMES, values)]
        handles = (ctypes.c_void_p * COUNT)(*leaves)
        f = call["ct_eval_at"](at, text.encode(), self.list(COUNT, ctypes.addressof(handles)))
        value, gradient = math.nan, [0.0] * COUNT
        if f:
            value = call["ct_item_at"](at, f)
            if call["ct_needs_gradient"](f) and call["ct_backward_at"](at, f):
                gradient = [call["ct_item_at"](at, call["ct_gradient_at"](at, leaf)) if call["ct_has_gradient"](leaf)
                            else 0.0 for leaf in leaves]
        if not call["ct_end"](scope):
            raise RuntimeError(f"{text}: {call['ct_error']().decode()}")
        return value, gradient


def units(got, expected, bound):
    """By how many units they differ; 0 when both are the same infinity or NaN."""
    if got == expected or (got != got and expected != expected):
        return 0.0
    difference = abs(got - expected)
    return difference / (bound + TINY) if difference == difference else math.inf


def work(ours, seed, count):
    """Compares `count` formulas: (worst in value, worst in gradient, skipped, failures)."""
    rng = random.Random(seed)
    worst, skipped, done, failures = [0.0, 0.0], 0, 0, []
    while done < count:
        text, python = Writer(rng).formula()
        values = [rng.choice((-1, 1, 1)) * rng.uniform(0.1, 2) for _ in NAMES]
        code = compile(python, "formula", "exec")
        try:
            expected = by_python(code, values)
            slopes = by_torch(code, values)
        except (Skip, ZeroDivisionError, OverflowError):
            skipped += 1
            continue
        done += 1
        value, gradient = ours(text, values)
        off = [units(value, expected.v, expected.e),
               max(units(g, s, de) for g, s, de in zip(gradient, slopes, expected.de))]
        worst = [max(pair) for pair in zip(worst, off)]
        if not max(off) <= UNITS:
            failures.append(f"{text}   at {dict(zip(NAMES, values))}: off by {off}\n"
                            f"    value {value!r}, Python {expected.v!r}; gradient {gradient}, PyTorch {slopes}")
    return worst, skipped, failures


def main(arguments):
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    ours = Ours(arguments)
    read, write = os.pipe()
    child = os.fork()  # a share for each of two processors
    worst, skipped, failures = work(ours, 1 if child else 2, FORMULAS // 2)
    if not child:
        with os.fdopen(write, "w") as out:
            out.write(repr((worst, skipped, failures)))
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        other = eval(answer.read(), {"inf": math.inf, "nan": math.nan})
    os.waitpid(child, 0)
    failures += other[2]
    worst = [max(pair) for pair in zip(worst, other[0])]
    for failure in failures[:20]:
        print("FAIL", failure)
    print(f"peers: {FORMULAS - len(failures)} of {FORMULAS} formulas: values within {worst[0]:.2f} units of Python's, gradients "
          f"within {worst[1]:.2f} of PyTorch {torch.__version__}'s ({skipped + other[1]} others lead out of the numbers "
          "or to where rounding decides)")
    return len(failures) > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
