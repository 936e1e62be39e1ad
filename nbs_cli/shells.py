r"""The completion scripts of bash, zsh, fish and PowerShell: small, for what may stand at the cursor is `nbs`'s to say.

They are printed by `nbs completion SHELL` and written to `completions/`. None of them evaluates what was typed or what
it was told: both are only ever quoted parameters, and the shell itself, or `bash.py` for bash, quotes what is inserted.
"""

from __future__ import annotations

_BASH = r"""# Completion of nbs for bash. Put it into ~/.local/share/bash-completion/completions/nbs, or source it.

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
"""

_ZSH = r"""#compdef nbs
# Completion of nbs for zsh. Put it as _nbs into a folder of $fpath before compinit runs, or source it after that.

_nbs() {
    local current=$PREFIX mode value label help line
    local -a before fields values shown how
    local -i widest=0
    [[ $QIPREFIX == *\' ]] || current=${(Q)PREFIX}
    before=("${(@Q)words[2,CURRENT-1]}")
    fields=("${(@0)$(command nbs __complete words "${(@)before/#/+}" "+$current" 2>/dev/null </dev/null)}")
    mode=$fields[1]
    shift fields
    if [[ $mode == files ]]; then
        [[ $PREFIX == --*=* ]] && compset -P '*='
        _files
        return
    fi
    for value label help in "${(@)fields}"; do
        (( ${(m)#label} > widest )) && widest=${(m)#label}
    done
    [[ $mode == open ]] && how=(-S '')
    for value label help in "${(@)fields}"; do
        [[ -n $label ]] || continue
        values+=("$value")
        if [[ -n $help ]]; then
            # by the width on the terminal, where a Korean letter takes two columns, and one row for each
            line="${(mr:widest:)label}  $help"
            (( ${(m)#line} < COLUMNS )) || line=${(mr:COLUMNS-1:)line}
            shown+=("$line")
            how+=(-l)
        else
            shown+=("$label")
        fi
    done
    (( $#values )) && compadd "${(@u)how}" -V nbs -d shown -a values
}

if [[ $funcstack[1] == _nbs ]]; then
    _nbs "$@"
elif (( $+functions[compdef] )); then
    compdef _nbs nbs
fi
"""

_FISH = r"""# Completion of nbs for fish. Put it into ~/.config/fish/completions/nbs.fish, or source it.

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
"""

_POWERSHELL = r"""# Completion of nbs for PowerShell. Dot-source it in $PROFILE.

Register-ArgumentCompleter -Native -CommandName nbs -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    if (-not (Get-Command -Name nbs -CommandType Application -ErrorAction Ignore)) { return }
    # the value of a constant word, the text of any other as it was typed: nothing is expanded
    $words = @(
        $commandAst.CommandElements | Select-Object -Skip 1 |
            Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
            ForEach-Object {
                $constant = $_ -is [System.Management.Automation.Language.StringConstantExpressionAst]
                if ($constant) { $_.Value } else { $_.Extent.Text }
            }
    )
    $current = $wordToComplete.TrimStart("'", '"')
    $arguments = @('__complete', 'words') + @($words | ForEach-Object { "+$_" }) + @("+$current")
    $encoding = [Console]::OutputEncoding
    try {
        [Console]::OutputEncoding = [System.Text.UTF8Encoding]::new($false)
        $fields = ((& (Get-Command -Name nbs -CommandType Application)[0] @arguments 2>$null) -join "`n") -split "`0"
    } catch {
        return
    } finally {
        [Console]::OutputEncoding = $encoding
    }
    if ($fields[0] -eq 'files') {
        [System.Management.Automation.CompletionCompleters]::CompleteFilename($current)
        return
    }
    for ($i = 1; $i + 2 -lt $fields.Count; $i += 3) {
        $value, $label, $help = $fields[$i..($i + 2)]
        if (-not $value.StartsWith($current, [System.StringComparison]::OrdinalIgnoreCase)) { continue }
        $quoted = "'" + ($value -replace "['\u2018-\u201b]", '$0$0') + "'"
        $text = if ($value -match '^[\w./:=+-]+\z') { $value } else { $quoted }
        $tip = if ($help) { $help } else { $label }
        [System.Management.Automation.CompletionResult]::new($text, $label, 'ParameterValue', $tip)
    }
}
"""

SHELLS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH, "powershell": _POWERSHELL}
FILES = {"bash": "nbs.bash", "zsh": "_nbs", "fish": "nbs.fish", "powershell": "nbs.ps1"}
