# Who may include whom. Reads "file:line:#include ..." lines and prints those that are forbidden.

BEGIN {
    left["tensor"] = "tensor"
    left["autograd"] = "tensor autograd"
    left["nn"] = "tensor autograd nn"
    left["optim"] = "tensor autograd optim"
    left["inspect"] = "tensor autograd inspect"
    left["data"] = "tensor data"
    left["train"] = "tensor autograd nn optim data inspect train"
    left["report"] = "tensor autograd nn optim data inspect train report"
}

function breach(rule) { print file ":" line ": layering: " rule ": " target }

function may_see(room, other) { return index(" " left[room] " ", " " other " ") > 0 }

# What a room shows to those on its right: its door and its internal.h; tensor/ has a header for each subject instead,
# and the table of operations is read by inspect/ too, which writes its rules out.
function is_shown(other, header) {
    if (room == "inspect" && header == "ops.def") return 1
    return header == other ".h" || header == "internal.h" || other == "tensor" && header ~ /\.h$/
}

{
    split($0, field, ":")
    file = field[1]
    line = field[2]
    split(file, part, "/")
    room = part[1]
    is_door = file == room "/" room ".h"

    if (!match($0, /"[^"]*"|<[^>]*>/)) next
    angled = substr($0, RSTART, 1) == "<"
    target = substr($0, RSTART + 1, RLENGTH - 2)
    split(target, part, "/")

    if (target ~ /^(cblas|openblas_config|lapacke)\.h$/) {
        if (file != "tensor/blas.c" && room != "bench") breach("only tensor/blas.c sees BLAS")
    } else if (!(room in left)) { # a program
        if (part[1] == "cotangent" ? target != "cotangent/cotangent.h" : !angled && (part[1] in left || target ~ /\.\./))
            breach("a program sees the public header only")
    } else if (angled && part[1] == "cotangent") {
        if (!is_door) breach("only doors include <cotangent/...>")
        else if (!may_see(room, part[2])) breach(room " is not to the right of " part[2])
        else if (part[2] != room && part[3] != part[2] ".h") breach("not the door of " part[2])
    } else if (!angled && (part[1] in left || target ~ /\.\./)) {
        if (is_door) breach("doors include other doors as <cotangent/...>")
        else if (!may_see(room, part[1])) breach(room " is not to the right of " part[1])
        else if (part[1] != room && !is_shown(part[1], part[2])) breach("not shown by " part[1])
    }
}
