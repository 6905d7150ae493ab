#!/bin/bash
# Builds the benchmarks, runs them all, and keeps what they found in bench/results/NAME (by default the machine's name and
# the date): the text as printed, tables, JSON, plots, and what the machine is.
#
#   bench/run.sh [--quick] [NAME]
#
#   --quick   only what has acceptance lines, without PyTorch and ADOL-C
#
# The last thing printed are all acceptance lines.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

programs=(training scalar memory conv elementwise reduce growth)
if [ "${1:-}" = --quick ]; then
    shift
    export CT_BENCH_ALONE=1
    programs=(training scalar memory elementwise reduce)
fi
folder=$PWD/bench/results/${1:-$(uname -n)-$(date +%Y-%m-%d)}
build=${CT_BENCH_BUILD:-build/bench}

cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DCT_BUILD_BENCH=ON -DCT_BUILD_TESTS=OFF -DCT_BUILD_EXAMPLES=OFF >/dev/null
cmake --build "$build"
mkdir -p "$folder"
{
    date -u
    uname -srm
    lscpu
    git log -1 --format='commit %H'
    uptime
} >"$folder/machine.txt"

export CT_BENCH_RESULTS=$folder
for program in "${programs[@]}"; do
    "$build/bench/bench_$program" | tee "$folder/$program.txt" || echo "$program failed" >&2
done
if command -v gnuplot >/dev/null && [ -f "$folder/growth-depth.tsv" ]; then
    gnuplot -e "folder='$folder'" bench/plots.gp
fi
echo "== all acceptance lines"
grep -hE '^(met|MISSED|not measured)' "$folder"/*.txt | sort -k1,1 -s
echo "kept in $folder"
