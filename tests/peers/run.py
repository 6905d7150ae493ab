"""Compares the library with PyTorch on PyTorch's own samples; see README.md.

usage: run.py LIBRARY INCLUDE [COMPILER] [-- NAME...]      (the NAMEs: only these ops, each failure in full)

The environment's CT_PEERS_SEED draws other samples.
"""
import faulthandler
import glob
import importlib
import inspect
import math
import os
import random
import sys
import types
import unittest
import warnings
from dataclasses import dataclass, field

SKIPPED = 77
SEED = int(os.environ.get("CT_PEERS_SEED", 0))
FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True


def load_op_db():
    """PyTorch's table of ops with samples; its test module wants `expecttest`, of which it uses nothing here."""
    stand_in = types.ModuleType("expecttest")
    stand_in.TestCase, stand_in.ACCEPT, stand_in.assert_expected_inline = unittest.TestCase, False, None
    sys.modules.setdefault("expecttest", stand_in)
    sample = random.sample  # of a set, which Python allowed until 3.11
    random.sample = lambda population, k: sample(sorted(population) if isinstance(population, set) else population, k)
    from torch.testing._internal.common_methods_invocations import op_db
    table = {}
    for info in sorted(op_db, key=lambda info: not info.name.startswith("nn.functional.")):
        name = info.name.replace("nn.functional.", "") + ("." if info.variant_test_name else "") + info.variant_test_name
        table.setdefault(name, info)
    return table


try:
    import torch
    OP_DB = load_op_db()
except Exception as reason:  # whatever keeps PyTorch from being the peer
    print(f"peers: skipped, PyTorch's op_db cannot be imported: {reason!r}")
    sys.exit(SKIPPED)

from cases import ADAPTERS  # noqa: E402
from library import CotangentError, Library, Tensor, Unsupported  # noqa: E402


# f32 gradients that add up hundreds of rounded terms, on both sides: eps of the largest that they may differ by.
LONG_SUMS = {"ctc_loss": 256}  # 50 steps of log-sum-exp over 61 states


@dataclass
class Report:
    name: str
    samples: int = 0
    passed: int = 0
    errors: int = 0         # error samples
    errors_caught: int = 0  # that are errors here too
    worst: float = 0        # f64, relative to the tolerance's unit
    worst_f32: float = 0    # share of elements beyond 4 (gradients: 64, LONG_SUMS) eps of the largest
    declined: dict = field(default_factory=dict)  # reason -> how often
    failures: list = field(default_factory=list)

    def decline(self, reason):
        self.declined[str(reason)] = self.declined.get(str(reason), 0) + 1

    @property
    def ok(self):
        return self.passed == self.samples and self.errors_caught == self.errors


# ---- one sample on both sides ----

def walk(value, change):
    """`value` with `change` applied to every tensor in its lists, tuples and dicts."""
    if isinstance(value, (torch.Tensor, Tensor)):
        return change(value)
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)(walk(item, change) for item in value)
    if isinstance(value, tuple):
        return [walk(item, change) for item in value]
    if isinstance(value, dict):
        return {key: walk(item, change) for key, item in value.items()}
    return value


def tensors(value):
    found = []
    walk(value, found.append)
    return found


class Inputs:
    """A sample's tensors as leaves and constants of the library."""

    def __init__(self, ct):
        self.ct, self.own, self.leaves = ct, {}, []  # leaves: (PyTorch's, ours)

    def __call__(self, value):
        if id(value) not in self.own:
            own = self.ct.tensor(value)
            if value.requires_grad:
                self.ct.requires_grad(own)
                self.leaves.append((value, own))
            self.own[id(value)] = (own, value)  # the second keeps the id taken
        return self.own[id(value)][0]


def call(ct, adapter, sample, inputs):
    arguments = walk((sample.input, *sample.args), inputs)
    keywords = walk(sample.kwargs, inputs)
    try:
        inspect.signature(adapter).bind(ct, *arguments, **keywords)
    except TypeError as reason:
        raise Unsupported(f"adapter: {reason}")
    return tensors(adapter(ct, *arguments, **keywords))


def distance(ours, theirs, ulps, scale):
    """How far apart, 1 being just too far: f64 1e-7 relative; f32 the share of elements beyond `ulps` eps of the largest
    (or of `scale` where that is larger) over 1 %."""
    if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
        return math.inf
    if not theirs.dtype.is_floating_point:
        return 0 if torch.equal(ours, theirs) else math.inf
    if not theirs.numel():
        return 0
    same = (ours == theirs) | (ours.isnan() & theirs.isnan())
    error = torch.where(same, torch.zeros_like(ours), (ours - theirs).abs()).nan_to_num(math.inf, math.inf)
    size = theirs.abs()
    largest = size[size.isfinite()].max().item() if size.isfinite().any() else 0
    largest = max(largest, scale)
    if theirs.dtype == torch.float64:
        return (error / (1e-7 * size + 1e-12 * max(1, largest))).nan_to_num(math.inf, math.inf).max().item()
    return (error > ulps * torch.finfo(torch.float32).eps * largest).double().mean().item() / 0.01


def compare(report, what, ours, theirs, ulps, scale=0):
    far = distance(ours, theirs, ulps, scale)
    if theirs.dtype == torch.float32:
        report.worst_f32 = max(report.worst_f32, far * 0.01)
    else:
        report.worst = max(report.worst, far * 1e-7)
    if far < 1 or (far == 1 and theirs.dtype == torch.float32):
        return None
    brief = f"{tuple(ours.shape)} {ours.dtype} instead of {tuple(theirs.shape)} {theirs.dtype}" \
        if ours.shape != theirs.shape or ours.dtype != theirs.dtype else \
        f"{ours.flatten()[:6].tolist()} instead of {theirs.flatten()[:6].tolist()}"
    return f"{what}: {brief}"


def check_gradients(ct, report, ours, theirs, leaves):
    pairs = [(own, peer) for own, peer in zip(ours, theirs) if peer.requires_grad]
    if not pairs or not leaves:
        return None
    seeds = [torch.randn_like(peer) for _, peer in pairs]
    expected = torch.autograd.grad([peer for _, peer in pairs], [peer for peer, _ in leaves], seeds, allow_unused=True)
    for (own, _), seed in zip(pairs, seeds):
        if ct.needs_gradient(own):
            ct.backward_from(own, ct.tensor(seed))
    scale = max((seed.abs().max().item() for seed in seeds if seed.numel()), default=0)
    for n, ((peer, own), gradient) in enumerate(zip(leaves, expected)):
        gradient = torch.zeros_like(peer) if gradient is None else gradient.detach()
        got = ct.gradient(own).to_torch() if ct.has_gradient(own) else torch.zeros_like(gradient)
        ulps = LONG_SUMS.get(report.name, 64)
        wrong = compare(report, f"gradient of operand {n}", got, gradient.contiguous(), ulps, scale)
        if wrong:
            return wrong
    return None


def as_exact(ours, theirs, n, function, sample):
    """Whether f32 result n is as near to PyTorch's in f64 as PyTorch's in f32 is (times 2): eigenvectors are not near."""
    def widen(t):
        return t.detach().double() if t.dtype == torch.float32 else t
    if theirs.dtype != torch.float32 or ours.shape != theirs.shape:
        return False
    exact = tensors(function(*walk((sample.input, *sample.args), widen), **walk(sample.kwargs, widen)))[n]
    return (ours.double() - exact).abs().max() <= 2 * (theirs.double() - exact).abs().max()


def check_sample(ct, report, info, adapter, peer, sample):
    """None, or what is wrong."""
    inputs = Inputs(ct)
    ours = call(ct, adapter, sample, inputs)
    function = peer or info.op
    theirs = tensors(function(sample.input, *sample.args, **sample.kwargs))
    if len(ours) != len(theirs):
        return f"{len(ours)} results instead of {len(theirs)}"
    for n, (own, expected) in enumerate(zip(ours, theirs)):
        own, expected = own.to_torch(), expected.detach().contiguous()
        wrong = compare(report, "result", own, expected, 4)
        if wrong and not as_exact(own, expected, n, function, sample):
            return wrong
    return check_gradients(ct, report, ours, theirs, inputs.leaves)


def describe(sample):
    def text(value):
        return f"{str(value.dtype)[6:]}{list(value.shape)}" if isinstance(value, torch.Tensor) else value
    return str((walk(sample.input, text), walk(sample.args, text), walk(sample.kwargs, text)))[:300]


# ---- all samples of an op ----

def in_scope(ct, body):
    """body()'s result; an error of the library or an Unsupported passes through, with the scope closed."""
    scope = ct.begin()
    try:
        return body()
    finally:
        ct.error_clear()
        ct.end(scope)


def run_samples(ct, report, info, adapter, peer, dtype):
    for sample in info.sample_inputs("cpu", dtype, requires_grad=info.supports_autograd):
        try:
            wrong = in_scope(ct, lambda: check_sample(ct, report, info, adapter, peer, sample))
        except Unsupported as reason:
            report.decline(reason)
            continue
        except CotangentError as error:
            wrong = f"refused: {error}"
        except Exception as error:  # the adapter's own
            wrong = f"adapter: {error!r}"
        report.samples += 1
        report.passed += wrong is None
        if wrong:
            report.failures.append(f"{describe(sample)}: {wrong}")


def run_errors(ct, report, info, adapter):
    for case in info.error_inputs("cpu") if info.error_inputs_func else []:
        sample = case.sample_input
        try:
            in_scope(ct, lambda: call(ct, adapter, sample, Inputs(ct)))
        except CotangentError:
            report.errors_caught += 1
        except Exception as reason:  # Unsupported, or the adapter's own: the call cannot be said in C
            report.decline(reason)
            continue
        else:
            report.failures.append(f"accepted, but PyTorch says: {case.error_regex[:100]}: {describe(sample)}")
        report.errors += 1


def run_op(ct, name):
    adapter, peer = ADAPTERS[name]
    report = Report(name)
    torch.manual_seed(SEED)
    random.seed(SEED)
    for dtype in torch.float64, torch.float32:
        if dtype in OP_DB[name].dtypes:
            run_samples(ct, report, OP_DB[name], adapter, peer, dtype)
    run_errors(ct, report, OP_DB[name], adapter)
    return report


def main(arguments):
    warnings.simplefilter("ignore")
    faulthandler.enable()
    torch.set_num_threads(1)
    options, chosen = (arguments[:arguments.index("--")], arguments[arguments.index("--") + 1:]) \
        if "--" in arguments else (arguments, [])
    ct = Library(*options)
    for path in sorted(glob.glob(os.path.join(FOLDER, "cases_*.py"))):
        importlib.import_module(os.path.basename(path)[:-3])
    assert not ADAPTERS.keys() - OP_DB.keys(), ADAPTERS.keys() - OP_DB.keys()
    reports = {}
    for name in chosen or sorted(ADAPTERS):
        report = reports[name] = run_op(ct, name)
        declined = sum(report.declined.values())
        print(f"{'ok  ' if report.ok else 'FAIL'} {name:36} {report.passed:5} of {report.samples:5}   errors "
              f"{report.errors_caught:2} of {report.errors:2}   declined {declined:3}   f64 {report.worst:.1e}   "
              f"f32 beyond {report.worst_f32:.2%}", flush=True)
        for reason, times in report.declined.items():
            print(f"       declined {times}: {reason}")
        for failure in report.failures[:None if chosen else 3]:
            print(f"       {failure}")
    whole = [report for report in reports.values() if report.ok and report.samples]
    print(f"peers: {len(whole)} of {len(reports)} ops agree with PyTorch {torch.__version__}, in "
          f"{sum(report.passed for report in reports.values())} of "
          f"{sum(report.samples for report in reports.values())} samples")
    if not chosen:
        with open(os.path.join(FOLDER, "../coverage/names.txt"), encoding="ascii") as names:
            without = [name for name in names.read().split() if name not in ADAPTERS]
        print(f"peers: {len(without)} names without an adapter: {' '.join(without)}")
    return 0 if len(whole) == len(reports) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
