using System.CommandLine;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Commands.Operating;
using LifecycleManager.Cli.Configuration;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.Cli.Tests.Commands.Operating;

public sealed class HelpTests
{
    public static TheoryData<string> Commands => [.. OperatorCommands.All
        .Select(create => create(new Settings(new ConfigurationBuilder().Build()))).SelectMany(command => Leaves(command, ""))];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Each_commands_help_ends_with_two_examples_that_are_commands(string command)
    {
        var help = (await Lcm.RunAsync([.. command.Split(' '), "--help"])).Output.Trim().Split('\n');
        Assert.Equal("Examples:", help[^3].Trim());
        Assert.All(help[^2..], example => Assert.Contains("lcm " + command, example, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("bash", "complete ")]
    [InlineData("zsh", "#compdef lcm")]
    [InlineData("fish", "complete -c lcm")]
    [InlineData("pwsh", "Register-ArgumentCompleter")]
    public async Task A_shell_is_given_what_asks_lcm_for_words(string shell, string says)
    {
        var run = await Lcm.RunAsync("completion", shell);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains(says, run.Output, StringComparison.Ordinal);
        Assert.Contains("[suggest:", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lcm app ro", "rollback")]
    [InlineData("lcm dep", "deployment")]
    [InlineData("lcm app logs --fol", "--follow")]
    public async Task Words_are_completed(string line, string word) => Assert.Contains(word,
        (await Lcm.RunAsync($"[suggest:{line.Length}]", line)).Output.ReplaceLineEndings("\n").Split('\n'));

    [Fact]
    public async Task Topics_are_listed_and_the_exit_codes_are_those_of_the_table()
    {
        Assert.Contains("lcm help exit-codes", (await Lcm.RunAsync("help")).Output, StringComparison.Ordinal);
        var text = (await Lcm.RunAsync("help", "exit-codes")).Output;
        var readme = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "README.md"));
        var codes = typeof(ExitStatus).GetFields().Select(field => (int)field.GetRawConstantValue()!).ToList();
        Assert.Equal(11, codes.Count);
        Assert.All(codes, code => Assert.Matches($@"(?m)^ *{code}  \w", text));
        Assert.All(codes, code => Assert.Contains($"\n| {code} | ", readme, StringComparison.Ordinal));
        var wrong = await Lcm.RunAsync("help", "exit-code");
        Assert.Equal((6, true), (wrong.Code, wrong.Error.Contains("did you mean 'exit-codes'?", StringComparison.Ordinal)));
    }

    private static IEnumerable<string> Leaves(Command command, string path) => command.Subcommands.Count == 0
        ? [(path + command.Name).TrimStart()] : command.Subcommands.SelectMany(sub => Leaves(sub, $"{path}{command.Name} "));
}
