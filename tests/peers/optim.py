"""Compares optimisers and schedules with PyTorch's: the same parameters after each of 200 steps on the same loss, to 1e-10
in f64; see README.md.

usage: optim.py LIBRARY INCLUDE [COMPILER]
"""
import ctypes
import math

from library import ZERO
from peer import compare_all, torch

STEPS, TOLERANCE = 200, 1e-10
BETAS = {"beta1": 0.8, "beta2": 0.95}
ADAM = [{"lr": 1e-2}, {"lr": 1e-2, "weight_decay": 0.1}, {"lr": 3e-2, **BETAS, "eps": 1e-3},
        {"lr": 1e-2, "beta1": 0, "weight_decay": 0}]

# (ours, PyTorch's class, what PyTorch's is always given, options in our words)
OPTIMIZERS = [
    ("sgd", "SGD", {}, [
        {"lr": 1e-2}, {"lr": 1e-2, "weight_decay": 0.1}, {"lr": 1e-2, "momentum": 0.9},
        {"lr": 1e-2, "momentum": 0.9, "nesterov": True},
        {"lr": 1e-2, "momentum": 0.8, "weight_decay": 0.01, "nesterov": True}]),
    ("adam", "Adam", {}, ADAM),
    ("adamw", "AdamW", {}, ADAM),
    ("amsgrad", "Adam", {"amsgrad": True}, ADAM),
    # its loops over single tensors multiply by the step's momentum twice; those over lists are as published
    ("nadam", "NAdam", {"foreach": True}, ADAM + [{"lr": 1e-2, "momentum_decay": 0.1}]),
    ("radam", "RAdam", {}, ADAM + [{"lr": 1e-2, "beta2": 0.6}]),
    ("adagrad", "Adagrad", {}, [
        {"lr": 0.1}, {"lr": 0.1, "lr_decay": 0.01, "weight_decay": 0.1}, {"lr": 0.1, "initial": 0.5, "eps": 1e-3}]),
    ("rmsprop", "RMSprop", {}, [
        {"lr": 1e-2}, {"lr": 1e-2, "centered": True}, {"lr": 1e-3, "momentum": 0.9},
        {"lr": 1e-3, "momentum": 0.5, "centered": True, "alpha": 0.9, "eps": 1e-4, "weight_decay": 0.1}]),
    ("adadelta", "Adadelta", {}, [{"lr": 1}, {"lr": 0.5, "rho": 0.8, "eps": 1e-4, "weight_decay": 0.1}]),
    ("rprop", "Rprop", {}, [
        {"lr": 1e-2}, {"lr": 1e-3, "shrink": 0.4, "grow": 1.5, "step_min": 1e-4, "step_max": 0.1}]),
    ("lbfgs", "LBFGS", {}, [
        {"lr": 0.3, "iterations": 1, "history": 10}, {"lr": 0.1, "iterations": 4, "evaluations": 3, "history": 3},
        {"lr": 1, "iterations": 2, "history": 10, "strong_wolfe": True},
        {"lr": 5, "iterations": 1, "history": 3, "strong_wolfe": True},
        {"lr": 0.5, "iterations": 8, "history": 10, "strong_wolfe": True}]),
]

# (ours, PyTorch's class, what PyTorch's is always given, options in our words)
SCHEDULES = [
    ("step_schedule", "StepLR", {}, [{"every": 7, "gamma": 0.7}, {"every": 60}]),
    ("multi_step_schedule", "MultiStepLR", {}, [{"milestones": (3, 50, 51, 150), "gamma": 0.3}]),
    ("exponential_schedule", "ExponentialLR", {}, [{"gamma": 0.97}]),
    ("cosine_schedule", "CosineAnnealingLR", {}, [{"steps": 200}, {"steps": 60, "lowest": 1e-3}]),
    ("warmup_schedule", "LinearLR", {}, [{"steps": 40}, {"steps": 1, "start": 0.5}]),
    ("one_cycle_schedule", "OneCycleLR", {"cycle_momentum": False}, [
        {"steps": 201}, {"steps": 250, "rising": 0.5, "division": 10, "final_division": 100}]),
    ("plateau_schedule", "ReduceLROnPlateau", {}, [
        {"patience": 3, "lowest": 1e-6}, {"patience": 1, "factor": 0.5, "threshold": 0.1, "cooldown": 4, "lowest": 1e-5},
        {"patience": 0, "threshold": 0, "factor": 0.7, "lowest": 1e-5}]),
]

# our word for an option -> PyTorch's
WORDS = {"initial": "initial_accumulator_value", "iterations": "max_iter", "evaluations": "max_eval",
         "history": "history_size", "every": "step_size", "rising": "pct_start", "division": "div_factor",
         "final_division": "final_div_factor", "start": "start_factor"}
STEPS_WORD = {"CosineAnnealingLR": "T_max", "LinearLR": "total_iters", "OneCycleLR": "total_steps"}
LOWEST_WORD = {"CosineAnnealingLR": "eta_min", "ReduceLROnPlateau": "min_lr"}
DEFAULTS = {"LinearLR": {"start_factor": 0.1}}  # where ours differ


def in_their_words(kind, options):
    theirs = dict(DEFAULTS.get(kind, {}))
    beta1, beta2 = options.get("beta1", 0.9), options.get("beta2", 0.999)
    if "beta1" in options or "beta2" in options:
        theirs["betas"] = (beta1, beta2)
    if "shrink" in options:
        theirs["etas"], theirs["step_sizes"] = (options["shrink"], options["grow"]), (options["step_min"],
                                                                                     options["step_max"])
    for word, value in options.items():
        if word in ("beta1", "beta2", "shrink", "grow", "step_min", "step_max"):
            continue
        if word == "strong_wolfe":
            theirs["line_search_fn"] = "strong_wolfe"
        elif word == "steps":
            theirs[STEPS_WORD[kind]] = value
        elif word == "lowest":
            theirs[LOWEST_WORD[kind]] = value
        else:
            theirs[WORDS.get(word, word)] = value
    return theirs


class Problem:
    """Two parameters on both sides and a loss that is no quadratic form. It sways with the steps as with batches: gradients
    that have come down to rounding errors would say nothing. Only L-BFGS, which ends there, takes it as it is."""

    def __init__(self, ct):
        torch.manual_seed(1)
        self.ct = ct
        self.mix, self.wanted, self.cosine = torch.randn(6, 6), torch.randn(6, 4), torch.randn(3)
        start = torch.randn(6, 4), torch.randn(3)
        self.theirs = [value.clone().requires_grad_() for value in start]
        self.ours = []
        for value in start:
            own = ct.parameter(ct.CT_F64, tuple(value.shape), None)
            ct.set(own, value.contiguous().data_ptr())
            self.ours.append(own)
        self.steps, self.sway = 0, 1.0
        self.closure = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(lambda _: self.our_loss().handle)

    def free(self):
        for own in self.ours:
            self.ct.free(own)

    def their_loss(self):
        x, y = self.theirs
        return (self.mix @ x - self.sway * self.wanted).square().mean() + 0.05 * (x ** 4).sum() + \
            (self.cosine * y + self.sway).cos().sum()

    def our_loss(self):
        ct, (x, y) = self.ct, self.ours
        error = ct.mean(ct.square(ct.sub(ct.matmul(ct.tensor(self.mix), x), ct.tensor(self.sway * self.wanted))), None)
        fourth = ct.mul(ct.tensor(0.05), ct.sum(ct.square(ct.square(x)), None))
        angle = ct.add(ct.mul(ct.tensor(self.cosine), y), ct.tensor(self.sway))
        return ct.add(ct.add(error, fourth), ct.sum(ct.cos(angle), None))

    def distance(self):
        pairs = zip(self.ours, self.theirs)
        worst = max((own.to_torch() - peer.detach()).abs().max().item() for own, peer in pairs)
        return worst if math.isfinite(worst) else math.inf


def options_of(ct, name, values):
    kind = ct.types.get(f"ct_{name}_options") or ct.types["ct_adam_options"]  # some are another word for Adam's
    values = {key: (ctypes.c_int64 * 16)(*value) if isinstance(value, tuple) else value if value or value is False else ZERO
              for key, value in values.items()}
    return ctypes.byref(kind(**values))


def our_optimizer(ct, name, problem, options):
    optimizer = getattr(ct, name)(tuple(problem.ours[:1] if "group" in options else problem.ours),
                                  options_of(ct, name, {k: v for k, v in options.items() if k != "group"}))
    if not optimizer:
        ct.fail()
    if "group" in options:
        ct.optim_add_group(optimizer, tuple(problem.ours[1:]), *options["group"])
    return optimizer


def step_both(ct, optimizer, peer, problem, clip=None):
    """One step on both sides."""
    if not isinstance(peer, torch.optim.LBFGS):
        problem.sway = 1 + 0.5 * math.sin(problem.steps)
    problem.steps += 1

    def closure():
        peer.zero_grad()
        loss = problem.their_loss()
        loss.backward()
        if clip:
            getattr(torch.nn.utils, f"clip_grad_{clip[0]}_")(problem.theirs, clip[1])
        return loss
    peer.step(closure)
    if not clip:
        value = ct.step_closure(optimizer, ctypes.cast(problem.closure, ctypes.c_void_p), None)
        if math.isnan(value):
            ct.fail()
        return
    scope = ct.begin()
    ct.backward(problem.our_loss())
    getattr(ct, f"clip_grad_{clip[0]}")(tuple(problem.ours), clip[1])
    ct.step(optimizer)
    ct.end(scope)


def run_optimizer(ct, name, kind, always, options, clip=None):
    """The largest distance between the two trajectories."""
    problem = Problem(ct)
    optimizer = our_optimizer(ct, name, problem, options)
    groups = problem.theirs
    if "group" in options:
        lr, decay = options["group"]
        groups = [{"params": problem.theirs[:1]}, {"params": problem.theirs[1:], "lr": lr, "weight_decay": decay}]
    own = {key: value for key, value in options.items() if key != "group"}
    peer = getattr(torch.optim, kind)(groups, **in_their_words(kind, own), **always)
    worst = 0
    for _ in range(STEPS):
        step_both(ct, optimizer, peer, problem, clip)
        worst = max(worst, problem.distance())
    ct.optim_free(optimizer)
    problem.free()
    return worst


def run_schedule(ct, name, kind, always, options):
    """The same for SGD under a schedule; the plateau looks at a value that falls ever more slowly, with noise."""
    problem = Problem(ct)
    optimizer = our_optimizer(ct, "sgd", problem, {"lr": 0.05, "group": (0.02, 0.1)})
    peer = torch.optim.SGD([{"params": problem.theirs[:1]}, {"params": problem.theirs[1:], "lr": 0.02,
                                                             "weight_decay": 0.1}], lr=0.05)
    extra = {"max_lr": [0.05, 0.02]} if kind == "OneCycleLR" else {}
    their_schedule = getattr(torch.optim.lr_scheduler, kind)(peer, **in_their_words(kind, options), **always, **extra)
    schedule = getattr(ct, name)(optimizer, options_of(ct, name, options))
    if not schedule:
        ct.fail()
    worst = 0
    for t in range(STEPS):
        step_both(ct, optimizer, peer, problem)
        value = 1 / (1 + t) + 0.01 * math.sin(7 * t)
        if kind == "ReduceLROnPlateau":
            their_schedule.step(value)
        else:
            their_schedule.step()
        ct.schedule_step_on(schedule, value)
        worst = max(worst, problem.distance(), abs(ct.learning_rate(optimizer) - peer.param_groups[0]["lr"]))
    ct.schedule_free(schedule)
    ct.optim_free(optimizer)
    problem.free()
    return worst


def make_cases(ct):
    grouped = {"lr": 1e-2, "weight_decay": 0.1, "group": (5e-3, 0)}
    runs = [(row, options) for row in OPTIMIZERS for options in row[3]]
    runs += [(row, grouped) for row in OPTIMIZERS[:-2]]  # the last but one knows no weight decay, the last no groups
    runs.append((OPTIMIZERS[-2], {"lr": 1e-2, "group": (5e-3, 0)}))
    cases = [(name, options, lambda n=name, k=kind, a=always, o=options: run_optimizer(ct, n, k, a, o))
             for (name, kind, always, _), options in runs]
    cases += [(f"clip_grad_{clip[0]}", {"bound": clip[1]},
               lambda c=clip: run_optimizer(ct, "sgd", "SGD", {}, {"lr": 0.05}, c))
              for clip in (("norm", 0.5), ("norm", 1e3), ("value", 0.2))]
    return cases + [(name, options, lambda n=name, k=kind, a=always, o=options: run_schedule(ct, n, k, a, o))
                    for name, kind, always, rows in SCHEDULES for options in rows]


if __name__ == "__main__":
    compare_all(make_cases, TOLERANCE, "trajectories")
