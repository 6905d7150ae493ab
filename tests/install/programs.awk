# Writes the C programs of a Markdown page to FOLDER/1.c, 2.c ...: a block ```c that includes a header begins a program,
# further blocks continue it. Usage: awk -v folder=FOLDER -f programs.awk PAGE
/^```c$/ { inside = 1; block = ""; next }
/^```/ && inside {
    inside = 0
    if (block ~ /#include/) n++
    if (n) printf "%s", block > (folder "/" n ".c")
    next
}
inside { block = block $0 "\n" }
