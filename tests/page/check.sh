#!/bin/sh
# Opens a page made by the first example in a headless browser, and looks at what the browser makes of it.
#
#   check.sh BROWSER PROGRAM       PROGRAM is examples/scalar_graph; exit status 77 when there is no browser
set -eu
browser=$1 program=$2
command -v "$browser" >/dev/null || { echo "no browser"; exit 77; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$program" "$folder" >/dev/null

# dom HASH [SCRIPT]: the page after it has shown a step, and run a script of the test's.
dom() {
    { cat "$folder/scalar_graph.html"; printf '<script>%s</script>\n' "${2-}"; } >"$folder/page.html"
    "$browser" --headless --no-sandbox --disable-gpu --window-size=1300,900 --user-data-dir="$folder/profile" --virtual-time-budget=5000 \
        --dump-dom "file://$folder/page.html$1" 2>"$folder/log" >"$folder/dom"
    # Without the data, the style and the scripts themselves.
    sed '/<style/,/<\/style>/d; /<script/,/<\/script>/d' "$folder/dom" >"$folder/seen"
}

failures=0
fail() {
    echo "$1"
    failures=$((failures + 1))
}
has() { grep -qF -- "$1" "$folder/seen" || fail "step $step: no $1"; }
lacks() { ! grep -qF -- "$1" "$folder/seen" || fail "step $step: $1"; }

step=0; dom ''
has 'data-step="0"'; has '>0.7</text>'; lacks '0.26887'; lacks '1.0521'; has 'id="node-f" class="node pending"'

step=7; dom '#step=7'
has 'data-step="7"'; has '>0.26887</text>'; lacks '0.345'; has '= (-1.169) * (-0.23)'; has 'id="node-f" class="node current"'
lacks 'pending'

step=12; dom '#step=12'
has '<h2>Back through s = x4 * w4</h2>'; has '<td>× -1.169</td><td>= 1.0521</td><td>1.0521</td>'
has '>1.0521</text>'; lacks '0.345'; has 'id="edge-s-1" class="edge current"'

step=15; dom '#step=15'
for gradient in 0.345 -0.161 0.0805 -0.0782 0.29225 -0.2338 1.0521; do has ">$gradient</text>"; done
has 'scalar_graph.c'

step=keys; dom '' 'for (const key of ["End", "ArrowLeft", "ArrowLeft", "Home", "ArrowRight", "ArrowRight"])
    document.dispatchEvent(new KeyboardEvent("keydown", {key}));'
has 'data-step="2"'
step=buttons; dom '' 'for (const id of ["last", "previous", "theme"]) document.getElementById(id).click();'
has 'data-step="14"'; has 'data-theme="dark"'; has 'aria-valuetext="Back through q = x2 * w2"'
step=slider; dom '' 'const s = document.getElementById("slider"); s.value = 9; s.dispatchEvent(new Event("input"));'
has 'data-step="9"'; has 'aria-current="step"'
step=list; dom '#step=14' 'const list = document.getElementById("steps").getBoundingClientRect();
    const item = document.querySelector("#steps [aria-current]").getBoundingClientRect();
    document.documentElement.dataset.sight = item.top >= list.top && item.bottom <= list.bottom;'
has 'data-sight="true"'
step=play; dom '#step=13' 'document.getElementById("play").click();'
has 'data-step="15"' # two steps within the test's five seconds

[ "$failures" = 0 ]
