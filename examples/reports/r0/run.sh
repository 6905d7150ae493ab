#!/bin/bash
# Report 0: batch, stochastic and mini-batch gradient descent on three splits, with L2 regularisation and without; and
# sigmoid and tanh beside ReLU.
#
#   examples/reports/r0/run.sh [--quick] [--data DIR] [--out DIR]
set -euo pipefail
. "$(dirname "$0")/../common.sh"

runs=()
for split in 70:30 80:20 90:10; do
    for method in batch sgd mini; do
        case $method in
        batch) words=(--batch full) ;;
        sgd) words=(--batch 1 --lr 0.001) ;;
        mini) words=(--batch 24) ;;
        esac
        run=$method-${split%:*}
        train "$run" --split "$split" "${words[@]}"
        train "$run-l2" --split "$split" "${words[@]}" --weight-decay 0.0001
        runs+=("$run" "$run-l2")
    done
    for activation in sigmoid tanh; do
        run=$activation-${split%:*}
        train "$run" --split "$split" --batch 24 --activation "$activation" --init xavier
        runs+=("$run")
    done
done
page 'Report 0: gradient descent in three sorts' . "${runs[@]}"
