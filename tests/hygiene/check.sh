#!/bin/sh
# Rules that a compiler does not see. Prints each breach as "file:line: rule: text" and fails when there is one.
#
#   check.sh tree FOLDER        who includes whom, what only one place may do, which options the build must not use
#   check.sh symbols LIBRARY    every global symbol starts with ct_
set -eu
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
rooms='tensor autograd nn optim data inspect train report'
programs='examples tools bench'

# sources FOLDERS: the C files of some folders, one a line; a folder may be absent.
sources() {
    # shellcheck disable=SC2086 # a list of folders
    find $1 '(' -name '*.[ch]' -o -name '*.def' -o -name '*.inc' ')' ! -name ops_header.c ! -name calls_table.c 2>/dev/null | sort
}

check_layering() {
    sources "$rooms $programs" | xargs grep -nE '^[[:space:]]*#[[:space:]]*include' /dev/null |
        awk -f "$here/layering.awk"
}

# only RULE ALLOWED NAMES: calls of the functions NAMES outside of the files ALLOWED; both are expressions.
only() {
    printf '%s\n' "$code" | grep -E "(^|[^A-Za-z0-9_.>])($3)[[:space:]]*\(" | grep -vE "^($2):" | sed "s|: |: $1: |"
}

# never RULE TEXT: lines with TEXT, an expression.
never() {
    printf '%s\n' "$code" | grep -E "$2" | sed "s|: |: $1: |"
}

check_places() {
    code=$(sources "$rooms" | xargs awk -f "$here/code.awk" /dev/null)
    printf '%s\n' "$code" | awk -f "$here/products.awk"
    only size 'tensor/checked\.h' '__builtin_[a-z]+_overflow(_p)?'
    only memory 'tensor/memory\.c' '(m|c|re|aligned_)alloc|free|posix_memalign|alloca|strn?dup|v?asprintf'
    only file 'tensor/file\.c' 'f?open|f(re|d)open|openat|creat|mkstemp|mkdir|tmpfile|rename|unlink|remove|gzd?open'
    only output none 'v?printf|puts|putchar|perror'
    never output '[^A-Za-z0-9_](stdout|stderr)[^A-Za-z0-9_]'
    only end none '_?exit|_Exit|quick_exit|abort|raise|longjmp|system'
    never end '[^A-Za-z0-9_]assert\((0|false)'
    only random none 's?rand|s?random|rand_r|[dels]rand48'
    only bounds none 'v?sprintf|strcpy|strcat|gets'
}

check_flags() {
    grep -nE -e '-(march=native|ffast-math|Ofast)' CMakeLists.txt cmake/*.cmake ./*/CMakeLists.txt 2>/dev/null |
        sed 's|^\([^:]*:[0-9]*\):|\1: flags: |'
}

# A macro that hands a place on begins it with its own name, by which errors call it; ct_draw_with is a ct_draw.
check_calls() {
    # shellcheck disable=SC2086 # a list of folders
    find $rooms -name '*.h' 2>/dev/null | sort |
        xargs grep -nE '^#define ct_.*(CT_HERE|CT_PLACE\("|__FILE__)' /dev/null |
        grep -vE '#define (ct_[a-z0-9_]+)(_with)?\(.*CT_PLACE\("\1: "\)' | sed 's|^\([^:]*:[0-9]*\):|\1: calls: |'
}

# No line is wider than a screen; a character of several bytes is one.
check_width() {
    # shellcheck disable=SC2086,SC2016 # a list of folders; $0 is awk's
    find $rooms $programs '(' -name '*.[ch]' -o -name '*.inc' ')' 2>/dev/null | sort |
        xargs awk '{
            line = $0
            gsub(/[\200-\277]/, "", line)
            if (length(line) > 120) print FILENAME ":" FNR ": width: " $0
        }' /dev/null
}

# What a section of a header names, "/* ---- text.c: ...", is a file beside it.
check_sections() {
    # shellcheck disable=SC2086,SC2016 # a list of folders; $i is awk's
    find $rooms $programs -name '*.h' 2>/dev/null | sort |
        xargs awk 'FNR == 1 { folder = FILENAME; sub(/[^\/]*$/, "", folder) }
            /^\/\* ---- / {
                for (i = 3; i <= NF; i++) {
                    name = $i
                    sub(/[,:]$/, "", name)
                    if (name !~ /\.c$/) continue
                    if ((getline unused < (folder name)) < 0) print FILENAME ":" FNR ": sections: " $0
                    close(folder name)
                }
            }' /dev/null
}

check_symbols() {
    readelf --syms --wide "$1" |
        awk '$5 == "GLOBAL" && $7 != "UND" && $8 !~ /^ct_/ { print "symbols: not ours by its name: " $8 }'
}

case "${1-} $#" in
'tree 2') cd "$2" && breaches=$(check_layering; check_places; check_calls; check_width; check_sections; check_flags) ;;
'symbols 2') breaches=$(check_symbols "$2") ;;
*) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
[ -z "$breaches" ] || { printf '%s\n' "$breaches"; exit 1; }
