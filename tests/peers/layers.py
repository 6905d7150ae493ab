"""Compares layers with PyTorch's that have the same weights: results, gradients of input and parameters, and buffers, to
1e-7 relative in f64; see README.md.

usage: layers.py LIBRARY INCLUDE [COMPILER]
"""
import ctypes

from peer import compare_all, torch

TOLERANCE = 1e-7
nn = torch.nn


def normal(*shape):
    return lambda: torch.randn(*shape)


def encoder(**options):
    """PyTorch's layer where it takes its slow path, with gradients."""
    return lambda: nn.TransformerEncoderLayer(12, 3, batch_first=True, dropout=0, **options)


def attention():
    return nn.MultiheadAttention(12, 3, batch_first=True)


# (ours, options, PyTorch's module, input)
CASES = [
    ("linear", {"in": 5, "out": 3}, lambda: nn.Linear(5, 3), normal(4, 5)),
    ("linear", {"in": 5, "out": 3, "no_bias": True}, lambda: nn.Linear(5, 3, bias=False), normal(2, 4, 5)),
    ("conv2d_layer", {"in": 3, "out": 4, "kernel": 3}, lambda: nn.Conv2d(3, 4, 3), normal(2, 3, 8, 7)),
    ("conv2d_layer", {"in": 4, "out": 6, "kernel": 3, "stride": 2, "padding": 2, "dilation": 2, "groups": 2, "no_bias": True},
     lambda: nn.Conv2d(4, 6, 3, stride=2, padding=2, dilation=2, groups=2, bias=False), normal(2, 4, 9, 9)),
    ("max_pool2d_layer", {"kernel": 2}, lambda: nn.MaxPool2d(2), normal(2, 3, 7, 6)),
    ("max_pool2d_layer", {"kernel": 3, "stride": 2, "padding": 1, "ceil": True},
     lambda: nn.MaxPool2d(3, 2, 1, ceil_mode=True), normal(2, 3, 8, 6)),
    ("avg_pool2d_layer", {"kernel": 3, "stride": 2, "padding": 1}, lambda: nn.AvgPool2d(3, 2, 1), normal(2, 3, 7, 6)),
    ("flatten_layer", None, lambda: nn.Flatten(), normal(2, 3, 4, 5)),
    ("embedding_layer", {"rows": 7, "width": 4}, lambda: nn.Embedding(7, 4), lambda: torch.randint(7, (3, 5))),
    ("embedding_layer", {"rows": 7, "width": 4, "padding": True}, lambda: nn.Embedding(7, 4, padding_idx=0),
     lambda: torch.randint(7, (3, 5))),
    ("batch_norm_layer", {"size": 5}, lambda: nn.BatchNorm1d(5), normal(6, 5)),
    ("batch_norm_layer", {"size": 5, "momentum": 0.3, "eps": 1e-2}, lambda: nn.BatchNorm1d(5, 1e-2, 0.3), normal(6, 5, 4)),
    ("batch_norm_layer", {"size": 3, "no_affine": True}, lambda: nn.BatchNorm2d(3, affine=False), normal(4, 3, 5, 4)),
    ("batch_norm_layer", {"size": 3}, lambda: nn.BatchNorm2d(3), normal(4, 3, 5, 4)),
    ("layer_norm_layer", {"size": 6}, lambda: nn.LayerNorm(6), normal(4, 3, 6)),
    ("layer_norm_layer", {"size": 6, "eps": 0.1, "no_affine": True},
     lambda: nn.LayerNorm(6, 0.1, elementwise_affine=False), normal(4, 6)),
    ("lstm", {"in": 4, "hidden": 5}, lambda: nn.LSTM(4, 5, batch_first=True), normal(3, 6, 4)),
    ("lstm", {"in": 4, "hidden": 5, "layers": 2, "bidirectional": True},
     lambda: nn.LSTM(4, 5, 2, batch_first=True, bidirectional=True), normal(3, 6, 4)),
    ("gru", {"in": 4, "hidden": 5}, lambda: nn.GRU(4, 5, batch_first=True), normal(3, 6, 4)),
    ("gru", {"in": 4, "hidden": 5, "layers": 3, "bidirectional": True},
     lambda: nn.GRU(4, 5, 3, batch_first=True, bidirectional=True), normal(3, 6, 4)),
    ("multi_head_attention", {"embed": 12, "heads": 3}, attention, normal(2, 5, 12)),
    ("multi_head_attention", {"embed": 12, "heads": 3, "causal": True}, attention, normal(2, 5, 12)),
    ("transformer_encoder_layer", {"embed": 12, "heads": 3, "feedforward": 20}, encoder(dim_feedforward=20),
     normal(2, 5, 12)),
    ("transformer_encoder_layer", {"embed": 12, "heads": 3, "norm_first": True, "gelu": True, "eps": 1e-2},
     encoder(dim_feedforward=48, norm_first=True, activation="gelu", layer_norm_eps=1e-2), normal(2, 5, 12)),
    ("transformer_encoder_layer", {"embed": 12, "heads": 3, "causal": True}, encoder(dim_feedforward=48),
     normal(2, 5, 12)),
]


def distance(ours, theirs):
    """The largest difference, relative to the largest element."""
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return float("inf")
    scale = max(theirs.abs().max().item(), 1e-30) if theirs.numel() else 1
    return ((ours - theirs).abs().max().item() if theirs.numel() else 0) / scale


def causal_mask(x):
    return torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)


def their_result(peer, x, causal):
    """The module's result, with its last state or weights behind it."""
    mask = causal_mask(x) if causal else None
    if isinstance(peer, nn.MultiheadAttention):
        y, weights = peer(x, x, x, attn_mask=mask, average_attn_weights=False)
        return [y, weights]
    if isinstance(peer, nn.TransformerEncoderLayer):
        return [peer(x, src_mask=mask)]
    if isinstance(peer, nn.LSTM):
        y, (h, c) = peer(x)
        return [y, h, c]
    if isinstance(peer, nn.GRU):
        return list(peer(x))
    return [peer(x)]


def our_result(ct, module, peer, x):
    names = {nn.MultiheadAttention: ("ct_attention", ["weights"]), nn.LSTM: ("ct_recurrent_state", ["h", "c"]),
             nn.GRU: ("ct_recurrent_state", ["h"])}
    if type(peer) not in names:
        return [ct.forward_with(module, x, None)]
    kind, fields = names[type(peer)]
    more = ct.types[kind]()
    y = ct.forward_with(module, x, ctypes.addressof(more))
    return [y] + [type(y)(ct, getattr(more, field)) for field in fields]


def copy_weights(ct, module, peer):
    """PyTorch's weights into ours; both have the same names."""
    theirs = {name: value for name, value in peer.state_dict().items() if name != "num_batches_tracked"}
    ours = {ct.label_of(t).decode(): t for t in ct.module_state(module)}
    assert ours.keys() == theirs.keys(), f"{sorted(ours)} instead of {sorted(theirs)}"
    for name, t in ours.items():
        ct.set(t, theirs[name].contiguous().data_ptr())
    return ours


def compare_pass(ct, module, peer, ours, value, causal):
    """The largest distance of results, gradients and buffers of one pass."""
    x = value.clone().requires_grad_(value.is_floating_point())
    theirs = their_result(peer, x, causal)
    own_x = ct.tensor(value)
    if x.requires_grad:
        ct.requires_grad(own_x)
    results = our_result(ct, module, peer, own_x)
    far = [distance(own.to_torch(), expected.detach()) for own, expected in zip(results, theirs)]
    seed = torch.randn_like(theirs[0])
    peer.zero_grad()
    theirs[0].backward(seed) if theirs[0].requires_grad else None
    if ct.needs_gradient(results[0]):
        ct.backward_from(results[0], ct.tensor(seed))
    pairs = [(ours[name], p) for name, p in peer.named_parameters()] + ([(own_x, x)] if x.requires_grad else [])
    for own, expected in pairs:
        far.append(distance(ct.gradient(own).to_torch(), expected.grad))
        ct.zero_gradient(own)
    for name, buffer in peer.named_buffers():
        if name != "num_batches_tracked":
            far.append(distance(ours[name].to_torch(), buffer))
    return max(far)


def run(ct, name, options, make, draw):
    torch.manual_seed(3)
    peer = make()
    for p in peer.parameters():  # also of those that begin at 0 or 1
        torch.nn.init.normal_(p, std=0.5)
    if isinstance(peer, nn.Embedding) and peer.padding_idx is not None:
        peer.weight.data[peer.padding_idx] = 0
    arguments = [] if options is None else [{**options, **({} if "pool" in name else {"dtype": ct.CT_F64})}]
    module = getattr(ct, name)(*arguments)
    if not module:
        ct.fail()
    ours = copy_weights(ct, module, peer)
    causal = bool(options and options.get("causal"))
    worst = 0
    for training in (True, True, True, False):
        peer.train(training)
        ct.set_training(module, training)
        scope = ct.begin()
        worst = max(worst, compare_pass(ct, module, peer, ours, draw(), causal))
        if not ct.end(scope):
            ct.fail()
    ct.module_free(module)
    return worst


def make_cases(ct):
    return [(case[0], case[1], lambda c=case: run(ct, *c)) for case in CASES]


if __name__ == "__main__":
    compare_all(make_cases, TOLERANCE, "layers")
