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
        var file = new Argument<string>("policy-file")
        {
            Description = "The policy; of several apps the file or directory of all that ties them together",
        };
        var data = new Argument<string[]>("data")
        {
            Description =
                "What was recorded, FILE or http address, or METRIC=FILE where it does not name its metric itself: CSV with the time first, "
                + "the answer of a Prometheus range query (/api/v1/query_range), or the manager's own /v1/history?app=APP or "
                + "/v1/decisions?app=APP. Several apps are replayed together: /v1/history, APP=FILE, APP:METRIC=FILE, or columns APP:METRIC",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var policy = Setting.Of<string?>(settings, "--policy", "The policy's name, where the file has several", Values.Text,
            () => null);
        var compare = Setting.Of<string?>(settings, "--compare", "A second policy file, to compare with", Values.Text,
            () => null);
        var load = Setting.Of<string?>(settings, "--load",
            "The metric that is the load, a total over all instances [default: the policy's first that is recorded]",
            Values.Text, () => null);
        var capacity = Setting.Of<Capacities?>(settings, "--capacity",
            "How much of the load one instance carries, a number or APP=NUMBER, comma separated "
                + "[default: what recorded instances carried at their busiest]",
            Capacity, () => null);
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
        var lag = Setting.Of(settings, "--lag",
            "How old values are when they are decided on: the wait for a scrape and the way to a decision. A manager's own "
            + "history has it in itself, and 0s",
            Values.Time(TimeSpan.Zero, TimeSpan.FromHours(1)), () => ReplayOptions.UsualLag, "10s");
        var prometheus = new PrometheusOptions(settings);
        var html = Setting.Of<string?>(settings, "--html", "A file for a report with charts", Values.Text, () => null);
        var command =
            new Command("replay",
                "Tells what a policy would have made of recorded metrics: instances, utilization, violations, flapping, instance-hours.")
        {
            file, data, policy, compare, load, capacity, utilization, startup, objective, instances, step, lag, html,
        };
        prometheus.AddTo(command);
        var code = PolicyCommand.Code(settings);
        command.Add(code);
        var caller = new CallerSettings(command, settings, "a server of recordings");
        command.SetAction((parse, cancellation) => Task.Run(
            () =>
            {
                using var rules = PolicyCommand.Rules(parse.GetValue(code));
                using var files = new WebFiles(caller.Caller(parse));
                return PolicyReplay.Run(
                    prometheus.In(parse, parse.GetValue(data)!.Length) with
                    {
                        PolicyFile = parse.GetValue(file)!,
                        Data = parse.GetValue(data)!,
                        Policy = parse.GetValue(policy),
                        CompareFile = parse.GetValue(compare),
                        Load = parse.GetValue(load),
                        Capacity = parse.GetValue(capacity)?.All,
                        Capacities = parse.GetValue(capacity)?.ByApp ?? new Dictionary<string, double>(),
                        Utilization = parse.GetValue(utilization)!,
                        Startup = parse.GetValue(startup),
                        Objective = parse.GetValue(objective),
                        Instances = parse.GetValue(instances),
                        Step = parse.GetValue(step),
                        Lag = parse.GetValue(lag),
                        HtmlFile = parse.GetValue(html),
                    },
                    parse.InvocationConfiguration.Output, parse.InvocationConfiguration.Error, files, rules, cancellation);
            },
            cancellation));
        return command;
    }

    private static Capacities Capacity(string text)
    {
        var (all, byApp) = ((double?)null, new Dictionary<string, double>(StringComparer.Ordinal));
        foreach (var word in Values.Words(text))
        {
            var equals = word.LastIndexOf('=');
            if (equals < 0) all = Values.Number(word);
            else byApp[word[..equals].Trim()] = Values.Number(word[(equals + 1)..]);
        }

        return new Capacities(all, byApp);
    }

    /// <summary>What one instance carries.</summary>
    /// <param name="All">Of any app; null where nothing is said.</param>
    /// <param name="ByApp">Of the apps that are named.</param>
    private sealed record Capacities(double? All, IReadOnlyDictionary<string, double> ByApp);
}
