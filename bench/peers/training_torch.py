"""PyTorch's training step for bench/training.c. Says a number once it has found torch; then for each line
"threads adam batch repeats widths..." the seconds of a step: on one thread those of the processor, else those on the
wall."""
import functools
import sys
import time

import torch


@functools.lru_cache(maxsize=1)
def make(adam, batch, widths):
    layers = []
    for i, o in zip(widths, widths[1:]):
        layers += [torch.nn.Linear(i, o), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3) if adam else torch.optim.SGD(net.parameters(), lr=0.01)
    return net, optimiser, torch.rand(batch, widths[0]), torch.arange(batch) % widths[-1]


def step(net, optimiser, x, y):
    optimiser.zero_grad()
    torch.nn.functional.cross_entropy(net(x), y).backward()
    optimiser.step()


print(torch.get_num_threads(), flush=True)
for line in sys.stdin:
    threads, adam, batch, repeats, *widths = map(int, line.split())
    torch.set_num_threads(threads)
    work = make(adam, batch, tuple(widths))
    settled = time.perf_counter() + (0.1 if threads > 1 else 0)  # threads that have slept must find their processors
    step(*work)
    while time.perf_counter() < settled:
        step(*work)
    clock = time.process_time if threads == 1 else time.perf_counter
    start = clock()
    for _ in range(repeats):
        step(*work)
    print((clock() - start) / repeats, flush=True)
