# bash completion for cotangent: commands, then the options that `cotangent COMMAND --help` lists, and files.
_cotangent() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    if [ "$COMP_CWORD" = 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$1" --help | sed -n 's/^  \([a-z]*\) .*/\1/p') --help --version" -- "$word")
    elif [[ $before == --* ]] && "$1" "$command" --help 2>/dev/null | grep -q "^  $before FILE"; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$1" "$command" --help 2>/dev/null |
            sed -n 's/^  \(--[a-z-]*\).*/\1/p')" -- "$word")
    fi
}
complete -o bashdefault -F _cotangent cotangent
