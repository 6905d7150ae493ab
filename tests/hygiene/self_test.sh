#!/bin/sh
# Plants one breach of each rule of check.sh in a small tree of its own, and expects it to be found. $1: a C compiler.
set -eu

check=$(cd "$(dirname "$0")" && pwd)/check.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
    echo "self-test: $1"
    failures=$((failures + 1))
}

# plant RULE FILE TEXT: `tree` fails with RULE on TEXT in FILE, and on nothing else.
plant() {
    mkdir -p "$work/tree/${2%/*}"
    printf '%s\n' "$3" >"$work/tree/$2"
    if found=$(sh "$check" tree "$work/tree"); then
        fail "$1 misses '$3' in $2"
    elif [ "$(printf '%s\n' "$found" | grep -c "^$2:1: $1: ")" != "$(printf '%s\n' "$found" | wc -l)" ]; then
        fail "$1 finds other than '$3' in $2: $found"
    fi
    rm "$work/tree/$2"
}

# allow FILE TEXT: `tree` finds nothing.
allow() {
    mkdir -p "$work/tree/${1%/*}"
    printf '%s\n' "$2" >"$work/tree/$1"
    found=$(sh "$check" tree "$work/tree") || fail "refuses '$2' in $1: $found"
    rm "$work/tree/$1"
}

plant layering tensor/a.c '#include "autograd/autograd.h"'
plant layering tensor/tensor.h '#include <cotangent/autograd/autograd.h>'
plant layering data/a.c '#include "autograd/internal.h"'
plant layering nn/internal.h '# include "optim/optim.h"'
plant layering optim/a.c '#include "inspect/inspect.h"'
plant layering autograd/a.c '#include "train/train.h"'
plant layering nn/a.c '#include "autograd/ops.def"'
plant layering nn/a.c '#include "autograd/index.h"'
plant layering nn/a.c '#include "tensor/loops.inc"'
plant layering nn/a.c '#include <cotangent/tensor/tensor.h>'
plant layering nn/nn.h '#include "tensor/tensor.h"'
plant layering nn/nn.h '#include <cotangent/autograd/ops.h>'
plant layering nn/a.c '#include <cblas.h>'
plant layering examples/a.c '#include <cotangent/nn/nn.h>'
plant layering examples/a.c '#include "tensor/internal.h"'
plant layering examples/a.c '#include <cblas.h>'
plant layering bench/a.c '#include "../tensor/internal.h"'
allow tensor/blas.c '#include <cblas.h>'
allow bench/a.c '#include <cblas.h>'
allow bench/a.c '#include "support/timing.h"'
allow nn/nn.h '#include <cotangent/autograd/autograd.h>'
allow autograd/autograd.h '#include <cotangent/autograd/ops.h>'
allow autograd/a.c '#include "tensor/checked.h"'
allow train/a.c '#include "nn/internal.h"'
allow autograd/a.c '#include "autograd/ops.def"'
allow examples/a.c '#include <cotangent/cotangent.h>'

plant size nn/a.c 'if (__builtin_mul_overflow(a, b, &c)) return;'
plant size nn/a.c 'p = ct_alloc(n * sizeof(double));'
plant size nn/a.c 'p = ct_alloc(
    sizeof(double) *n);'
plant size nn/a.c 'if (!(p = ct_scope_alloc(depth, sizeof *p * (size_t)n))) return;'
allow nn/a.c 'p = ct_alloc(sizeof *p); q = ct_alloc(sizeof(void *)); r = n * ct_alloc(1); /* ct_alloc(n * 2) */'
allow tensor/checked.h 'return !__builtin_mul_overflow(a, b, out);'

plant memory nn/a.c 'p = malloc(1);'
plant memory nn/a.c '    free (p);'
plant memory train/a.c 'if (strdup(s))'
plant file data/a.c 'f = fopen("x", "rb");'
plant file report/a.c 'mkdir(path, 0777);'
plant file train/a.c 'if (rename(a, b)) return false;'
plant output nn/a.c 'printf("x");'
plant output nn/a.c 'fputs("x", stderr);'
plant end nn/a.c 'exit(1);'
plant end nn/a.c 'else abort();'
plant end nn/a.c '    assert(0);'
plant random nn/a.c 'x = rand();'
plant bounds nn/a.c 'sprintf(b, "x");'
allow tensor/memory.c 'free(p);'
allow tensor/file.c 'f = fopen("x", "rb");'
allow nn/a.c 'ct_free(t); h->free(p); fprintf(out, "malloc(1) // exit(1)"); snprintf(b, 1, "x"); // abort()'
allow nn/a.c "c = '\"'; /* printf(x) */ d = '\\''; /* exit(1) */"

plant calls nn/a.h '#define ct_a(...) ct_a_at(CT_HERE, __VA_ARGS__)'
plant calls nn/a.h '#define ct_a(...) ct_b_at(CT_PLACE("ct_b: "), __VA_ARGS__)'
allow nn/a.h '#define ct_a(...) ct_b_at(CT_PLACE("ct_a: "), __VA_ARGS__)'
allow nn/a.h '#define ct_a_with(...) ct_a_at(CT_PLACE("ct_a: "), __VA_ARGS__)'

wide=$(printf '%120s' x)
plant width nn/a.c "$wide;"
plant width tools/a.h "$wide;"
plant width tensor/a.inc "$wide;"
allow nn/a.c "$wide"
allow nn/a.c "${wide%??}×x"
allow nn/a.def "$wide;"

plant sections nn/a.h '/* ---- gone.c, nn.h ---- */'
plant sections nn/a.h '/* ---- parts: those of gone.c: */'
allow nn/a.c '/* ---- gone.c ---- */'
mkdir -p "$work/tree/nn/parts"
: >"$work/tree/nn/parts/here.c"
allow nn/a.h '/* ---- parts/here.c: a text ---- */'
rm -r "$work/tree/nn/parts"

plant flags cmake/a.cmake 'add_compile_options(-march=native)'
plant flags cmake/a.cmake 'add_compile_options(-O2 -ffast-math)'

printf 'int ct_ours(void);\nint ct_ours(void) { return 0; }\nstatic int mine = 1;\nint *ct_mine = &mine;\n' >"$work/ours.c"
"$1" -c "$work/ours.c" -o "$work/ours.o"
found=$(sh "$check" symbols "$work/ours.o") || fail "symbols refuses ct_ours: $found"
printf 'int theirs = 1;\n' >"$work/theirs.c"
"$1" -c "$work/theirs.c" -o "$work/theirs.o"
if sh "$check" symbols "$work/theirs.o" >/dev/null; then fail 'symbols misses theirs'; fi

[ "$failures" = 0 ]
