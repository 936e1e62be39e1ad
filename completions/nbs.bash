# Completion of nbs for bash. Put it into ~/.local/share/bash-completion/completions/nbs, or source it.

_nbs() {
    local field mode=''
    COMPREPLY=()
    while IFS= read -r -d '' field; do
        if [[ -z $mode ]]; then
            mode=$field
        else
            COMPREPLY+=("$field")
        fi
    done < <(
        command nbs __complete bash "${COMP_TYPE-}" "${COLUMNS-}" "$2" "${COMP_LINE:0:COMP_POINT}" \
            2>/dev/null </dev/null
    )
    case $mode in
        open) compopt -o nospace ;;
        files) compopt -o default ;;
    esac 2>/dev/null
    return 0
}

# bash before 4.4 cannot leave the order as it is
complete -o nosort -F _nbs nbs 2>/dev/null || complete -F _nbs nbs
