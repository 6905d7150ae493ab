"""What the files cases_*.py share: the list of adapters, and a few ways to make them."""
from library import ALL, CotangentError, END, Keep, Tensor, Unsupported  # noqa: F401: the adapters' vocabulary

ADAPTERS = {}  # name in PyTorch -> (function, peer)


def op(*names, peer=None):
    """Registers f(ct, input, *args, **kwargs) for PyTorch's names ("add", "div.floor_rounding", "relu"). `peer` replaces
    PyTorch's own function where results are only defined up to a choice (signs of singular vectors): both sides then
    return what does not depend on it."""
    def register(function):
        for name in names:
            assert name not in ADAPTERS, name
            ADAPTERS[name] = (function, peer)
        return function
    return register


def unary(*names, **renamed):
    """PyTorch's f(x) is ct_f(x): unary("sin", "cos", acos="acos_")."""
    for name, own in {**dict.fromkeys(names), **renamed}.items():
        op(name)(lambda ct, x, own=own or name: getattr(ct, own)(x))


def binary(*names, **renamed):
    """PyTorch's f(x, y) is ct_f(x, y); a number may stand for one of them."""
    def adapter(own):
        def call(ct, x, other):
            if not isinstance(x, Tensor) and not isinstance(other, Tensor):
                raise Unsupported("two numbers")
            return getattr(ct, own)(x, other)
        return call

    for name, own in {**dict.fromkeys(names), **renamed}.items():
        op(name)(adapter(own or name))


def axes(x, dim, keepdim=False):
    """PyTorch's dim (None or (): all) and keepdim as ct_axes; a 0-d tensor has the axes 0 and -1 for PyTorch."""
    if dim is None or dim in ((), []):
        dim = tuple(range(x.ndim)) if keepdim else ALL
    elif not isinstance(dim, (tuple, list)):
        dim = (dim,)
    if x.ndim == 0 and dim is not ALL and set(dim) <= {0, -1} and len(dim) < 2:
        dim = ()
    return Keep(dim) if keepdim else dim
