# Sourced by the run.sh of each report: what they share. Offers `train NAME WORDS...` and `page TITLE NAMES...`.
# shellcheck shell=bash

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
name=$(basename "$here")
data=${CT_DATA:-/usr/share/datasets/fashion-mnist}
out=$root/out/$name
program=${CT_PROGRAM-}
quick=()

fail() {
    echo "$name/run.sh: $1" >&2
    exit 1
}

usage() {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
    cat <<END

  --data DIR     images in MNIST's format ($data)
  --out DIR      folder for the page and the runs ($out)
  --quick        a tenth of the epochs and steps
END
}

while [ $# -gt 0 ]; do
    case $1 in
    --data) data=${2?--data wants a folder}; shift ;;
    --out) out=${2?--out wants a folder}; shift ;;
    --quick) quick=(--quick) ;;
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done
[ -d "$data" ] || fail "there is no folder $data: --data DIR says where the images are"

# The program of CT_PROGRAM, else one built here.
if [ -z "$program" ]; then
    cmake -S "$root" -B "$root/build/reports" -DCT_BUILD_TESTS=OFF -DCT_BUILD_EXAMPLES=OFF >/dev/null
    cmake --build "$root/build/reports" --parallel "$(nproc)" >/dev/null
    program=$root/build/reports/tools/cotangent
fi

# train NAME WORDS...: a run with the report's words and these.
train() {
    local run=$1
    shift
    echo "$run"
    "$program" train --config "$here/$name.conf" --data "$data" --out "$out/runs/$run" --title "$name: $run" --quiet \
        "${quick[@]}" "$@"
}

# The published figures; beside those of a tenth of the training they get no verdict.
published() {
    local note=
    [ ${#quick[@]} = 0 ] || note='after a tenth of the training'
    awk -F, -v OFS=, -v note="$note" 'NR > 1 && note && $4 == "" && $2 != "parameters" { $4 = note } 1' \
        "$here/published.csv"
}

# page TITLE PAGE NAMES...: the page about these runs, in the folder PAGE of --out, or in --out itself when that is '.'.
page() {
    local title=$1 folder=$out/$2
    shift 2
    echo
    published >"$out/published.csv"
    "$program" report --title "$title" --out "${folder%/.}" --notes "$here/README.md" --published "$out/published.csv" \
        "${@/#/$out/runs/}" || fail "there is no page"
}
