# Completion of nbs for PowerShell. Dot-source it in $PROFILE.

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
