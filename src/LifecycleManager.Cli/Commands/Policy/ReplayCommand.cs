using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary><c>lcm policy replay</c></summary>
internal static class ReplayCommand
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    public static Command Create(Settings settings)
    {
        var file = new Argument<string>("policy-file") { Description = "The policy" };
        var data = new Argument<string[]>("data")
        {
            Description =
                "What was recorded, FILE or http address, or METRIC=FILE where it does not name its metric itself: CSV with the time first, "
                + "the answer of a Prometheus range query (/api/v1/query_range), or the manager's own /v1/history?app=APP or /v1/decisions?app=APP",
            Arity = ArgumentArity.OneOrMore,
        };
        var policy = Setting.Of<string?>(settings, "--policy", "The policy's name, where the file has several", Values.Text,
            () => null);
        var compare = Setting.Of<string?>(settings, "--compare", "A second policy file, to compare with", Values.Text,
            () => null);
        var load = Setting.Of<string?>(settings, "--load",
            "The metric that is the load, a total over all instances [default: the policy's first that is recorded]",
            Values.Text, () => null);
        var capacity = Setting.Of<double?>(settings, "--capacity",
            "How much of the load one instance carries [default: what recorded instances carried at their busiest]",
            text => Values.Number(text), () => null);
        var utilization = Setting.Of<IReadOnlyList<string>>(settings, "--utilization",
            "Metrics that follow the utilization, such as the cpu, comma separated",
            Values.List, () => []);
        var startup = Setting.Of(settings, "--startup", "How long a new instance takes to serve",
            Values.Time(TimeSpan.Zero, Longest), () => TimeSpan.FromSeconds(30), "30s");
        var objective = Setting.Of(settings, "--objective",
            "The utilization over which the service objective is violated: 0.8, 80%", Values.Number, () => 1d, "1");
        var instances = Setting.Of<int?>(settings, "--instances",
            "The count at the start [default: the recorded one, or the policy's least]",
            text => Values.Count(0, 1_000_000)(text), () => null);
        var step = Setting.Of<TimeSpan?>(settings, "--step", "Between two steps [default: that of the recording]",
            text => Values.Time(TimeSpan.FromMilliseconds(1), Longest)(text), () => null);
        var html = Setting.Of<string?>(settings, "--html", "A file for a report with charts", Values.Text, () => null);
        var command =
            new Command("replay",
                "Tells what a policy would have made of recorded metrics: instances, utilization, violations, flapping, instance-hours.")
        {
            file, data, policy, compare, load, capacity, utilization, startup, objective, instances, step, html,
        };
        var credential = new CredentialSettings(command, settings, "a server of recordings");
        command.SetAction((parse, cancellation) => Task.Run(
            () =>
            {
                using var files = new WebFiles(credential.Credential(parse));
                return PolicyReplay.Run(
                    new ReplayOptions
                    {
                        PolicyFile = parse.GetValue(file)!,
                        Data = parse.GetValue(data)!,
                        Policy = parse.GetValue(policy),
                        CompareFile = parse.GetValue(compare),
                        Load = parse.GetValue(load),
                        Capacity = parse.GetValue(capacity),
                        Utilization = parse.GetValue(utilization)!,
                        Startup = parse.GetValue(startup),
                        Objective = parse.GetValue(objective),
                        Instances = parse.GetValue(instances),
                        Step = parse.GetValue(step),
                        HtmlFile = parse.GetValue(html),
                    },
                    parse.InvocationConfiguration.Output, parse.InvocationConfiguration.Error, files, cancellation);
            },
            cancellation));
        return command;
    }
}
