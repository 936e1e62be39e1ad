# Completion of nbs for fish. Put it into ~/.config/fish/completions/nbs.fish, or source it.

# Asks nbs once for every state of the line; the answer is kept for the rules below.
function __nbs_ask
    set -l line (commandline -cp | string collect)
    if set -q __nbs_answer[1]; and test "$__nbs_line" = "$line"
        return
    end
    set -l before (commandline -opc)
    set -e before[1]
    set -l current (commandline -ct)
    set -g __nbs_line $line
    set -g __nbs_answer words
    if command -sq nbs
        set -g __nbs_answer \
            (command nbs __complete words +$before "+$current[1]" 2>/dev/null </dev/null | string split0)
    end
end

function __nbs_wants_files
    __nbs_ask
    test "$__nbs_answer[1]" = files
end

function __nbs_candidates
    __nbs_ask
    set -l fields $__nbs_answer[2..]
    while set -q fields[3]
        # a tab ends the word in what fish reads here
        if not string match -q '*'\t'*' -- $fields[1]
            printf '%s\t%s\0' $fields[1] $fields[3]
        end
        set -e fields[1..3]
    end | string split0
end

complete -c nbs -f -k -a '(__nbs_candidates)'
complete -c nbs -n __nbs_wants_files -F
