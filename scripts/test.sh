#!/bin/bash
# Installs what is missing, builds the library with its tests, and runs them all.
#
#   scripts/test.sh [OPTIONS] [-DNAME=VALUE...]
#
#   --sanitize      also with the address and undefined-behaviour sanitizers
#   --tsan          also with the thread sanitizer
#   --valgrind      also under valgrind, with a full check for leaks; some 20 minutes on two processors
#   --all           all three
#   --peers         install PyTorch too, which the results are then compared with
#   --browser       install Chromium too, in which pages are then opened
#   --clang         compile with clang instead of the default compiler
#   --no-install    install nothing
#   -DNAME=VALUE    options for CMake
#
# CFLAGS may hold more options for the compiler. The builds go to build/test and its neighbours.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

install=yes
compiler=
also=()
needs=(build tests)
cmake_options=(-DCT_BUILD_TESTS=ON -DCT_BUILD_EXAMPLES=ON)
for option in "$@"; do
    case $option in
    --sanitize | --tsan) also+=("${option#--}") ;;
    --valgrind) also+=(valgrind) needs+=(valgrind) ;;
    --all) also+=(sanitize tsan valgrind) needs+=(valgrind) ;;
    --peers) needs+=(peers) ;;
    --browser) needs+=(browser) ;;
    --clang) compiler=clang needs+=(clang) ;;
    --no-install) install=no ;;
    -D*) cmake_options+=("$option") ;;
    -h | --help) usage; exit ;;
    *) usage >&2; exit 2 ;;
    esac
done
[ $install = no ] || install "${needs[@]}"
[ -z "$compiler" ] || export CC=$compiler

# suite NAME OPTIONS...: builds in build/NAME and runs the tests.
suite() {
    local folder=build/$1${compiler:+-$compiler}
    shift
    echo "== $folder"
    cmake -S . -B "$folder" "${cmake_options[@]}" "$@" >/dev/null
    cmake --build "$folder"
    ctest --test-dir "$folder" --output-on-failure
}

for kind in "${also[@]}"; do
    slow=(-DCMAKE_BUILD_TYPE=RelWithDebInfo -DCT_TEST_TIMEOUT=1800)
    case $kind in
    sanitize) suite sanitize "${slow[@]}" '-DCT_SANITIZE=address;undefined' ;;
    tsan) suite tsan "${slow[@]}" -DCT_SANITIZE=thread ;;
    valgrind)
        launcher="valgrind;--quiet;--error-exitcode=99;--leak-check=full;--suppressions=$PWD/tests/valgrind.supp"
        suite valgrind "${slow[@]}" "-DCT_TEST_LAUNCHER=$launcher"
        ;;
    esac
done
suite test -DCT_BUILD_BENCH=ON
