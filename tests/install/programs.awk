# Writes what a Markdown page shows to FOLDER, for check.sh to run:
#   1.c, 2.c ...        C programs: a block ```c that includes a header begins one, further blocks continue it
#   1.printed ...       the block after the word "prints": what the program before it prints
#   session1.sh, .txt   an indented block that begins with "$ cotangent": the command, and what it prints
# Usage: awk -v folder=FOLDER -f programs.awk PAGE
/^```c$/ { inside = 1; block = ""; next }
/^```/ && inside {
    inside = 0
    if (block ~ /#include/) n++
    if (n) printf "%s", block > (folder "/" n ".c")
    next
}
inside { block = block $0 "\n"; next }

/^prints$/ { prints = 1; next }
/^```/ && prints { printing = !printing; prints = printing; next }
printing { print > (folder "/" n ".printed"); next }

/^    \$ cotangent/ { session++; command = 1; sub(/\$ /, "") }
/^[^ ]/ { typed = 0 }
command {
    print > (folder "/session" session ".sh")
    command = /\\$/
    typed = 1
    empty = 0
    next
}
typed && /^$/ { empty++; next }
typed {
    for (; empty > 0; empty--) print "" > (folder "/session" session ".txt")
    print substr($0, 5) > (folder "/session" session ".txt")
}
