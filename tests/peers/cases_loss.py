"""Losses."""
from cases import op


def how(ct, name):
    """PyTorch's word as enum ct_loss_reduction; a wrong one as a wrong number."""
    return {"mean": ct.CT_LOSS_MEAN, "sum": ct.CT_LOSS_SUM, "none": ct.CT_LOSS_NONE,
            "batchmean": ct.CT_LOSS_BATCH_MEAN}.get(name, 99)


def simple(*names):
    """PyTorch's f(x, y, reduction) is ct_f(x, y, reduction)."""
    for name in names:
        @op(name)
        def loss(ct, x, target, reduction="mean", name=name):
            return getattr(ct, name)(x, target, how(ct, reduction))


simple("mse_loss", "l1_loss", "soft_margin_loss", "multilabel_margin_loss")


@op("smooth_l1_loss")
def smooth_l1(ct, x, target, beta=1.0, reduction="mean"):
    return ct.smooth_l1_loss(x, target, beta, how(ct, reduction))


@op("huber_loss")
def huber(ct, x, target, delta=1.0, reduction="mean"):
    return ct.huber_loss(x, target, delta, how(ct, reduction))


@op("binary_cross_entropy")
def binary_cross_entropy(ct, x, target, weight=None, reduction="mean"):
    return ct.binary_cross_entropy(x, target, weight, how(ct, reduction))


@op("binary_cross_entropy_with_logits")
def logistic(ct, x, target, weight=None, pos_weight=None, reduction="mean"):
    return ct.binary_cross_entropy_with_logits(x, target, weight, pos_weight,
                                               how(ct, reduction))


@op("multilabel_soft_margin_loss")
def multilabel_soft_margin(ct, x, target, weight=None, reduction="mean"):
    return ct.multilabel_soft_margin_loss(x, target, weight, how(ct, reduction))


@op("kl_div")
def kl_div(ct, x, target, log_target=False, reduction="mean"):
    return ct.kl_div(x, target, log_target, how(ct, reduction))


@op("poisson_nll_loss")
def poisson(ct, x, target, log_input=True, full=False, eps=1e-8, reduction="mean"):
    return ct.poisson_nll_loss(x, target, log_input, full, eps,
                               how(ct, reduction))


@op("gaussian_nll_loss")
def gaussian(ct, x, target, var, full=False, eps=1e-6, reduction="mean"):
    return ct.gaussian_nll_loss(x, target, var, full, eps, how(ct, reduction))


@op("hinge_embedding_loss")
def hinge_embedding(ct, x, target, margin=1.0, reduction="mean"):
    return ct.hinge_embedding_loss(x, target, margin, how(ct, reduction))


@op("margin_ranking_loss")
def margin_ranking(ct, x, other, target, margin=0.0, reduction="mean"):
    return ct.margin_ranking_loss(x, other, target, margin, how(ct, reduction))


@op("cosine_embedding_loss")
def cosine_embedding(ct, x, other, target, margin=0.0, reduction="mean"):
    return ct.cosine_embedding_loss(x, other, target, margin, how(ct, reduction))


@op("triplet_margin_loss")
def triplet(ct, anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, reduction="mean"):
    return ct.triplet_margin_loss(anchor, positive, negative, (margin, p, eps, swap),
                                  how(ct, reduction))


@op("nll_loss")
def nll(ct, x, target, weight=None, ignore_index=-100, reduction="mean"):
    return ct.nll_loss(x, target, weight, ignore_index, how(ct, reduction))


@op("cross_entropy")
def cross_entropy(ct, x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    return ct.cross_entropy_loss(x, target, weight, ignore_index, label_smoothing,
                                 how(ct, reduction))


@op("multi_margin_loss")
def multi_margin(ct, x, target, p=1, margin=1.0, weight=None, reduction="mean"):
    return ct.multi_margin_loss(x, target, p, margin, weight, how(ct, reduction))


@op("ctc_loss")
def ctc(ct, x, target, input_lengths, target_lengths, blank=0, zero_infinity=False, reduction="mean"):
    return ct.ctc_loss(x, target, input_lengths, target_lengths, blank, zero_infinity,
                       how(ct, reduction))
