using System.CommandLine;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands.Operating.Help;

/// <summary><c>lcm completion</c>: what a shell runs so that Tab completes; the words come from <c>lcm</c> itself.</summary>
internal static class CompletionCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "completion";

    private const string Bash = """
        _lcm() {
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$(lcm "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _lcm lcm
        """;

    private const string Zsh = """
        #compdef lcm
        _lcm() {
            local -a words_of_lcm
            words_of_lcm=("${(@f)$(lcm "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
            compadd -a words_of_lcm
        }
        compdef _lcm lcm
        """;

    private const string Fish = """
        complete -c lcm -a '(lcm "[suggest:"(commandline -C)"]" (commandline) 2>/dev/null)'
        """;

    private const string Pwsh = """
        Register-ArgumentCompleter -Native -CommandName lcm -ScriptBlock {
            param($word, $line, $cursor)
            lcm "[suggest:$cursor]" "$line" 2>$null | Where-Object { $_ -like "$word*" } | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
            }
        }
        """;

    public static Command Create(Settings _) => new(Name, "Writes what makes a shell complete lcm's commands and options.")
    {
        Of("bash", Bash, "source <(lcm completion bash)", "lcm completion bash > /etc/bash_completion.d/lcm"),
        Of("zsh", Zsh, "source <(lcm completion zsh)", "lcm completion zsh > \"${fpath[1]}/_lcm\""),
        Of("fish", Fish, "lcm completion fish | source", "lcm completion fish > ~/.config/fish/completions/lcm.fish"),
        Of("pwsh", Pwsh, "lcm completion pwsh | Out-String | Invoke-Expression", "lcm completion pwsh >> $PROFILE"),
    };

    private static Command Of(string shell, string script, params string[] examples) =>
        new Command(shell, $"For {shell}.").Does(async (parse, _) =>
            await parse.InvocationConfiguration.Output.WriteLineAsync(script), examples);
}
