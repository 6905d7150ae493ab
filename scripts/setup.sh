# Sourced by the other scripts: goes to the project's folder, and offers what they share.
# shellcheck shell=bash

script=$(realpath "$0")
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
jobs=$(nproc)
export CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-$jobs}"
export CTEST_PARALLEL_LEVEL="${CTEST_PARALLEL_LEVEL:-$jobs}"

# packages WHAT: Debian's packages for a purpose; any other name is a package itself.
packages() {
    case $1 in
    build) echo build-essential cmake pkg-config libopenblas-dev zlib1g-dev libjansson-dev libgraphviz-dev ;;
    tests) echo check ;;
    peers) echo python3-torch python3-numpy ;;
    bench) echo libadolc-dev gnuplot-nox ;;
    browser) echo chromium ;;
    images) echo dataset-fashion-mnist ;;
    plots) echo gnuplot-nox ;;
    *) echo "$1" ;;
    esac
}

fail() {
    echo "$(basename "$script"): $1" >&2
    exit 1
}

# The comment at the top of the script.
usage() {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$script"
}

is_installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install WHAT...: those of the packages that are missing, with apt.
install() {
    local what package missing=() as_root=()
    for what in "$@"; do
        for package in $(packages "$what"); do is_installed "$package" || missing+=("$package"); done
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    if ! command -v apt-get >/dev/null; then
        fail "there is no apt here: install what Debian calls ${missing[*]}, and add --no-install"
    fi
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "there is no sudo here: as root, apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    echo "Installing ${missing[*]}"
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y)
    if ! "${apt[@]}" install --no-install-recommends "${missing[@]}"; then
        echo 'Once more, with fresh lists of packages'
        "${apt[@]}" update
        "${apt[@]}" install --no-install-recommends "${missing[@]}" || fail "apt could not install ${missing[*]}"
    fi
}
