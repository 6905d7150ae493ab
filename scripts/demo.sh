#!/bin/bash
# Installs what is missing, builds the library, draws a scalar graph and trains on real images.
#
#   scripts/demo.sh [--no-install] [DATA_FOLDER]
#
# DATA_FOLDER holds the four files of MNIST, or of other images in its format, plain or gzipped; without it, the folder
# is CT_DATA of the environment, else Debian's Fashion-MNIST. The pictures and the weights go to out/.
set -euo pipefail
caller=$PWD
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

install=yes
data=${CT_DATA-}
for option in "$@"; do
    case $option in
    --no-install) install=no ;;
    -h | --help) usage; exit ;;
    -*) usage >&2; exit 2 ;;
    *) data=$option ;;
    esac
done
needs=(build)
[ -n "$data" ] || needs+=(images)
[ $install = no ] || install "${needs[@]}"

data=${data:-/usr/share/datasets/fashion-mnist}
data=$(cd "$caller" && realpath "$data")
[ -d "$data" ] || fail "there is no folder $data"
cmake -S . -B build/demo -DCT_BUILD_TESTS=OFF -DCT_BUILD_EXAMPLES=ON >/dev/null
cmake --build build/demo
mkdir -p out
build/demo/examples/scalar_graph out
build/demo/examples/mnist_mlp --out out/mnist_mlp.safetensors "$data"
echo "The pictures and the trained weights are in $PWD/out"
