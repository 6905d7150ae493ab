#!/bin/bash
# Report 2: one linear layer on 30,000 images, with ReLU before the softmax and weights of norm 1; then log-softmax and
# the negative log-likelihood, with dropout, by SGD and by Adam.
#
#   examples/reports/r2/run.sh [--quick] [--data DIR] [--out DIR]
set -euo pipefail
. "$(dirname "$0")/../common.sh"

train layers --output-activation relu --init norm --bias-init norm --epochs 240
train library-sgd --loss nll --input-dropout 0.25 --lr 0.1 --schedule cosine
train library-adam --loss nll --input-dropout 0.5 --optimizer adam --lr 0.001
page 'Report 2: one linear layer' . layers library-sgd library-adam
