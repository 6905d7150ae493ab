# Reads what code.awk printed; prints calls of an allocating function that have a product among their arguments.

function collect(text,    i, c) { # adds `text` to the call's arguments, up to its last bracket; returns what follows
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (c == "(") depth++
        if (c == ")" && --depth == 0) {
            finish()
            return substr(text, i + 1)
        }
        arguments = arguments c
    }
    arguments = arguments " "
    return ""
}

function finish() {
    gsub(/sizeof \*/, "sizeof ", arguments)
    if (arguments ~ /[A-Za-z0-9_)\]] *\* *[A-Za-z0-9_(]/)
        print place " size: a product that tensor/checked.h did not check: " arguments
}

{
    text = $0
    sub(/^[^ ]* /, "", text)
    if (depth) text = collect(text)
    while (match(text, /(^|[^*A-Za-z0-9_])ct_(scope_|arena_)?alloc\(/)) { # "*ct_alloc(" declares it
        place = $1
        arguments = ""
        depth = 1
        text = collect(substr(text, RSTART + RLENGTH))
    }
}
