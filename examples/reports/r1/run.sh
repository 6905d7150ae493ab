#!/bin/bash
# Report 1: four activations on three splits, and two nets of 256-256.
#
#   examples/reports/r1/run.sh [--quick] [--data DIR] [--out DIR]
set -euo pipefail
. "$(dirname "$0")/../common.sh"

runs=()
for activation in tanh relu leaky_relu sigmoid; do
    case $activation in
    *relu) init=he ;;
    *) init=xavier ;;
    esac
    for split in 90:10 80:20 70:30; do
        run=$activation-${split%:*}
        train "$run" --activation "$activation" --init $init --split $split
        runs+=("$run")
    done
done
train tanh-90-256 --layers 784,256,256,10 --activation tanh --init xavier --split 90:10
train relu-90-256 --layers 784,256,256,10 --activation relu --init he --split 90:10
page 'Report 1: activations' . "${runs[@]}" tanh-90-256 relu-90-256
