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
        var manager = Setting.Of<Uri?>(settings, "--manager",
            "A running manager, which looks at them beside the apps of its target: whether they govern any, whether those tell "
            + "the metrics, whether readings of the last day came near what rules wait for. On the command line alone",
            Values.Url, () => null);
        var command =
            new Command("check",
                "Finds what is wrong with policies: errors, rules that never act or fight, bounds that cannot hold.")
        {
            paths, format, strict, sources, manager, code,
        };
        var caller = new CallerSettings(command, settings, "a manager");
        command.SetAction(async (parse, stop) =>
        {
            using var rules = PolicyCommand.Rules(parse.GetValue(code));
            var named = parse.GetValue(sources) is { } file ? SourcesCheck.Of(file) : null;
            // Of a file that is refused no names are known.
            var servers = named is { Problems.Count: 0 } ? named.Names : null;
            IReadOnlyList<PolicyProblem> live = [];
            // A check of files alone says the same everywhere, whatever variables name a manager there.
            if (parse.GetResult(manager) is { Implicit: false } && parse.GetValue(manager) is { } address)
            {
                live = await LiveFindings.AskAsync(address, caller.Caller(parse), parse.GetValue(paths)!, stop);
            }

            return PolicyCheck.Run(
                parse.GetValue(paths)!, parse.GetValue(format), parse.GetValue(strict), parse.InvocationConfiguration.Output,
                parse.InvocationConfiguration.Error, rules: rules, servers: servers,
                more: [.. (named?.Problems ?? []).Select(Problem), .. live]);
        });
        return command;
    }

    private static PolicyProblem Problem(SourcesProblem problem) => new(
        problem.File, problem.Line, problem.Column, PolicySeverity.Error, problem.Message, problem.Suggestion, "sources");
}
