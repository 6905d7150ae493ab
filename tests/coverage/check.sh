#!/bin/sh
# check.sh PAGE_WRITER SOURCE_DIR [write]: docs/ops.md is what the table says today; or is made so.
set -eu
cd "$2"
page=$(mktemp)
trap 'rm -f "$page"' EXIT
"$1" docs/ops.map tests/coverage/names.txt autograd/*.h tensor/tensor.h >"$page"
if [ "${3-}" = write ]; then
    cp "$page" docs/ops.md
else
    diff -u docs/ops.md "$page" || { echo "docs/ops.md is not current: build the target ops_page"; exit 1; }
fi
