using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Metrics.Sources.Servers;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary><c>lcm policy check</c></summary>
internal static class CheckCommand
{
    public static Command Create(Settings settings)
    {
        var paths = PolicyCommand.Paths("Policy files, and directories of them");
        var format = Setting.Of(settings, "--format", "How findings are written: text, json, github (annotations) or sarif",
            Values.Among<CheckFormat>(), () => CheckFormat.Text, "text");
        var strict = Setting.Flag(settings, "--strict", "Warnings fail the check too");
        var code = PolicyCommand.Code(settings);
        var sources = Setting.Of<string?>(settings, "--sources",
            "The manager's file of named servers: it is checked too, and the names that metrics give are looked up in it",
            text => text, () => null);
        var command =
            new Command("check",
                "Finds what is wrong with policies: errors, rules that never act or fight, bounds that cannot hold.")
        {
            paths, format, strict, sources, code,
        };
        command.SetAction(parse =>
        {
            using var rules = PolicyCommand.Rules(parse.GetValue(code));
            var named = parse.GetValue(sources) is { } file ? SourcesCheck.Of(file) : null;
            // Of a file that is refused no names are known.
            var servers = named is { Problems.Count: 0 } ? named.Names : null;
            return PolicyCheck.Run(
                parse.GetValue(paths)!, parse.GetValue(format), parse.GetValue(strict), parse.InvocationConfiguration.Output,
                parse.InvocationConfiguration.Error, rules: rules, servers: servers,
                more: [.. (named?.Problems ?? []).Select(Problem)]);
        });
        return command;
    }

    private static PolicyProblem Problem(SourcesProblem problem) => new(
        problem.File, problem.Line, problem.Column, PolicySeverity.Error, problem.Message, problem.Suggestion, "sources");
}
