"""PyTorch, and a table of cases that are compared with it; a test that has no PyTorch is skipped."""
import sys
import warnings

sys.dont_write_bytecode = True

try:
    import torch
except Exception as reason:  # whatever keeps PyTorch from being the peer
    print(f"peers: skipped, there is no PyTorch: {reason!r}")
    sys.exit(77)

from library import Library  # noqa: E402


def compare_all(make_cases, tolerance, what):
    """Runs make_cases(ct) -> [(name, options, function that returns a distance)]; exits with whether all were near."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    cases = make_cases(Library(*sys.argv[1:]))
    failures = 0
    for name, options, run in cases:
        try:
            worst, why = run(), ""
        except Exception as reason:  # a refusal, or the test's own
            worst, why = float("inf"), repr(reason)
        near = worst <= tolerance
        failures += not near
        print(f"{'ok  ' if near else 'FAIL'} {name:26} {worst:.1e}   {options or ''} {why}", flush=True)
    print(f"peers: {len(cases) - failures} of {len(cases)} {what} within {tolerance} of PyTorch {torch.__version__}'s")
    sys.exit(failures > 0)
