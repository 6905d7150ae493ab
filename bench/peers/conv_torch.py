"""PyTorch's conv2d for bench/conv.c. Says a number once it has found torch; then for each line
"threads n channels outputs kernel extent padding repeats" the seconds of one forward and backward pass, bias
and all: on one thread those of the processor, else those on the wall."""
import sys
import time

import torch


def make(n, c, o, kernel, extent, padding):
    places = extent + 2 * padding - kernel + 1
    shapes = (n, c, extent, extent), (o, c, kernel, kernel), (o,)
    return [torch.rand(shape, requires_grad=True) for shape in shapes], torch.rand(n, o, places, places)


def step(leaves, seed, padding):
    for leaf in leaves:
        leaf.grad = None
    torch.nn.functional.conv2d(*leaves, padding=padding).backward(seed)


print(torch.get_num_threads(), flush=True)
for line in sys.stdin:
    threads, *shape, repeats = map(int, line.split())
    torch.set_num_threads(threads)
    leaves, seed = make(*shape)
    settled = time.perf_counter() + (0.1 if threads > 1 else 0)  # threads that have slept must find their processors
    step(leaves, seed, shape[-1])
    while time.perf_counter() < settled:
        step(leaves, seed, shape[-1])
    clock = time.process_time if threads == 1 else time.perf_counter
    start = clock()
    for _ in range(repeats):
        step(leaves, seed, shape[-1])
    print((clock() - start) / repeats, flush=True)
