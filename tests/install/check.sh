#!/bin/sh
# Installs a build, moves the result, and builds a user's program against it in both ways a user may.
#
#   check.sh BUILD_FOLDER COMPILER GENERATOR
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/moved

cmake --install "$1" --prefix "$work/installed" >/dev/null
mv "$work/installed" "$prefix"
libraries=$(dirname "$(find "$prefix" -name 'libcotangent.*' | head -n 1)")
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export PKG_CONFIG_PATH="$libraries/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"

echo '== pkg-config'
options=$(pkg-config --cflags --libs cotangent)
# shellcheck disable=SC2086 # a list of options
"$2" "$here/use.c" -o "$work/use" $options
"$work/use"

echo '== the programs of the documentation'
root=$here/../..
for page in "$root/README.md" "$root"/docs/*.md; do
    folder=$work/$(basename "$page" .md)
    mkdir "$folder"
    awk -v folder="$folder" -f "$here/programs.awk" "$page"
    for program in "$folder"/*.c; do
        [ -e "$program" ] || continue
        # shellcheck disable=SC2086 # a list of options
        "$2" -Wall -Wextra -Werror "$program" -o "$program.run" $options -lm
    done
done
cmp "$work/README/1.c" "$root/examples/first.c"
cd "$work" # where some leave drawings
for program in README/1 a-tape-in-120-lines/1 verify/1 verify/2 derivations/1 derivations/2 drawing/1 write-a-layer/1 \
    add-an-op/1; do
    "$work/$program.c.run" >"$work/$program.txt"
done

echo '== what the documentation says that they print'
for printed in "$work"/*/[0-9].printed; do # the file's name is the page's invention
    sed 's/[a-z0-9]*\.c:/FILE.c:/' "$printed" >"$work/wanted"
    sed 's/[a-z0-9]*\.c:/FILE.c:/' "${printed%.printed}.txt" | diff "$work/wanted" -
done
PATH=$prefix/bin:$PATH
for session in "$work"/*/session*.sh; do
    [ -x "$prefix/bin/cotangent" ] || break
    { sh "$session" || true; } | diff "${session%.sh}.txt" -
done

echo '== find_package'
cmake -S "$here" -B "$work/build" -G "$3" -DCMAKE_C_COMPILER="$2" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
cmake --build "$work/build" >/dev/null
"$work/build/use"

echo '== C++'
if command -v c++ >/dev/null; then
    echo '#include <cotangent/cotangent.h>' | c++ -Wall -Wextra -Werror -fsyntax-only -I"$prefix/include" -x c++ -
    # shellcheck disable=SC2086 # a list of options
    c++ -std=c++17 "$here/use.cpp" -o "$work/use++" $options
    "$work/use++"
fi
