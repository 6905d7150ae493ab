#!/bin/bash
# Report 4: a formula of eight numbers, drawn and differentiated step by step; then two deep nets and their comparison.
#
#   examples/reports/r4/run.sh [--quick] [--data DIR] [--out DIR]
set -euo pipefail
. "$(dirname "$0")/../common.sh"

mkdir -p "$out"
"$program" grad 'p = x1*w1; q = x2*w2; r = x3*w3; s = x4*w4; a = p + q; b = r + s; a*b' --derive \
    --svg "$out/graph.svg" --stages \
    x1=0.7 w1=-1.5 x2=0.34 w2=-0.35 x3=0.2 w3=-0.25 x4=-0.9 w4=0.2 | tee "$out/derivatives.txt"

train model_a --layers 784,64,128,64,10 --seed 2
train model_b --layers 784,256,512,128,10
page 'Report 4: two deep nets' . model_a model_b
