#!/bin/bash
# Report 3: batches, epochs and L2 factors; then 120,001 steps with batch normalisation and L2 or without.
#
#   examples/reports/r3/run.sh [--quick] [--data DIR] [--out DIR]
set -euo pipefail
. "$(dirname "$0")/../common.sh"

grid=()
for batch in 32 64 128; do
    for epochs in 50 100; do
        for l2 in 0.01 0.04; do
            run=b$batch-e$epochs-l$l2
            train "$run" --batch $batch --epochs $epochs --l2 $l2 --early-stop 100:1e-5
            grid+=("$run")
        done
    done
done
long=(--steps 120001 --log-every 100 --early-stop 100:1e-5)
train 1-plain "${long[@]}"
train 2-batchnorm-l2 "${long[@]}" --batchnorm after --l2 0.01
train 3-l2 "${long[@]}" --l2 0.01
train 4-batchnorm "${long[@]}" --batchnorm after
page 'Report 3: batches, epochs and L2' grid "${grid[@]}"
page 'Report 3: batch normalisation and L2' . 1-plain 2-batchnorm-l2 3-l2 4-batchnorm
