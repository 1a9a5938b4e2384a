using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools.Replay;

namespace LifecycleManager.Decisions.Tools;

/// <summary>What a replay is given.</summary>
public sealed record ReplayOptions
{
    /// <summary>The policy file; of several policies in it <see cref="Policy"/> names one.</summary>
    public required string PolicyFile { get; init; }

    /// <summary>The policy's name; null where the file has one policy.</summary>
    public string? Policy { get; init; }

    /// <summary>A second policy file to compare with; or null.</summary>
    public string? CompareFile { get; init; }

    /// <summary>
    /// The recordings: <c>FILE</c>, or <c>NAME=FILE</c> to say which metric the file's series are. Where columns are named
    /// <c>APP:METRIC</c> (or files given as <c>APP=FILE</c>, <c>APP:METRIC=FILE</c>), all those apps are replayed together, with
    /// the coordinations and budgets of the policy file.
    /// </summary>
    public required IReadOnlyList<string> Data { get; init; }

    /// <summary>
    /// The metric that is the load, a total over all instances; null for the policy's first recorded metric, and for apps whose
    /// recording has not this one.
    /// </summary>
    public string? Load { get; init; }

    /// <summary>
    /// How much of the load one instance carries; null to take what the recorded instances carried at their busiest.
    /// </summary>
    public double? Capacity { get; init; }

    /// <summary>The same by app, where several are replayed; it goes before <see cref="Capacity"/>.</summary>
    public IReadOnlyDictionary<string, double> Capacities { get; init; } = new Dictionary<string, double>();

    /// <summary>Metrics of the policy that follow the utilization (load over capacity), such as the cpu.</summary>
    public IReadOnlyList<string> Utilization { get; init; } = [];

    /// <summary>A Prometheus server that has the recording; or null. Its addresses are read as files are.</summary>
    public Uri? Prometheus { get; init; }

    /// <summary>The first instant that is asked of it.</summary>
    public DateTimeOffset From { get; init; }

    /// <summary>The last instant that is asked of it.</summary>
    public DateTimeOffset To { get; init; }

    /// <summary>Label matchers of the app's instances there, <c>job="web"</c>; or null.</summary>
    public string? Match { get; init; }

    /// <summary>The app that the policy's queries mean by <c>$app</c>; null for the one that the policy names.</summary>
    public string? App { get; init; }

    /// <summary>
    /// How old values are when they are decided on: the wait for a scrape, and from there to a decision. Not of this manager's
    /// own history, whose values are those that it decided on.
    /// </summary>
    public TimeSpan Lag { get; init; } = UsualLag;

    /// <summary>A scrape each 5 s, and as long again until it is decided on.</summary>
    public static readonly TimeSpan UsualLag = TimeSpan.FromSeconds(10);

    /// <summary>How long a new instance takes to serve.</summary>
    public TimeSpan Startup { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The utilization over which the service objective is violated.</summary>
    public double Objective { get; init; } = 1;

    /// <summary>The count at the start; null for the recorded one, or the policy's least.</summary>
    public int? Instances { get; init; }

    /// <summary>The step of the replay; null for that of the recording.</summary>
    public TimeSpan? Step { get; init; }

    /// <summary>The most steps that are replayed; more are refused.</summary>
    public int MaxSteps { get; init; } = 20_000_000;

    /// <summary>A file for the HTML report; or null.</summary>
    public string? HtmlFile { get; init; }
}

/// <summary>
/// <c>lcm policy replay</c>: what a policy, or two of them, would have made of recorded metrics, with a model of the app: how
/// long an instance takes to start and how much it carries.
/// </summary>
public static class PolicyReplay
{
    /// <summary>Replays.</summary>
    /// <param name="options">What and how.</param>
    /// <param name="output">Gets the table.</param>
    /// <param name="error">Gets what is wrong.</param>
    /// <param name="files">Where files are read and written; null for the disk.</param>
    /// <param name="rules">Compiles rules that are code, of several apps; null where they must not be run.</param>
    /// <param name="cancellation">Ends the replay.</param>
    /// <returns>0 replayed; 2 a file or an option is wrong.</returns>
    public static int Run(
        ReplayOptions options, TextWriter output, TextWriter error, IPolicyFiles? files = null, IRuleFiles? rules = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        files ??= DiskFiles.Instance;
        if (options.Lag < TimeSpan.Zero)
        {
            error.WriteLine("the lag must not be negative");
            return ExitCodes.Failed;
        }

        if (options.Prometheus is { } server)
        {
            if (Choose(files, options.PolicyFile, options.Policy, error) is not { } one) return ExitCodes.Failed;
            var recording = new PrometheusRecording(server, options.From, options.To, options.Step, options.Match);
            if (recording.Of(one, options.App, error) is not { } found) return ExitCodes.Failed;
            options = options with { Data = [.. found, .. options.Data] };
        }

        if (ReadData(files, options, error) is not { } data) return ExitCodes.Failed;
        var replayed = data.Apps.Count > 0
            ? new SetReplay(options, data, files, rules, error).Run(cancellation)
            : One(options, data, files, error, cancellation);
        if (replayed is null) return ExitCodes.Failed;
        foreach (var one in replayed) ReplayReport.WriteTable(one, data, output);
        if (options.HtmlFile is not { } html) return ExitCodes.Good;
        try
        {
            files.Write(html, ReplayReport.Html(replayed, data));
            output.WriteLine($"report: {html}");
            return ExitCodes.Good;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"{html}: cannot be written: {e.Message}");
            return ExitCodes.Failed;
        }
    }

    /// <summary>Replays one app by one policy, or by two.</summary>
    private static List<ReplayedResults>? One(
        ReplayOptions options, ReplayData data, IPolicyFiles files, TextWriter error, CancellationToken cancellation)
    {
        if (Choose(files, options.PolicyFile, options.Policy, error) is not { } policy) return null;
        Policy? other = null;
        if (options.CompareFile is { } compare
            && (other = Choose(files, compare, compare == options.PolicyFile ? null : options.Policy, error,
                lenient: true)) is null) return null;
        if (ReplayModel.Of(options, policy, data.Columns, null, error) is not { } model) return null;
        var policies = other is null
            ? [policy] : new[] { policy, other.Name == policy.Name ? other with { Name = other.Name + " (2)" } : other };
        var utilization = options.Utilization.ToHashSet(StringComparer.Ordinal);
        foreach (var one in policies) Missing(one, data.Columns, utilization, error);
        var results = policies.Select(one => ReplayRun.Of(one, data, model, utilization, cancellation)).ToList();
        if (ReplayRun.Recorded(data, model, data.Columns.GetValueOrDefault("instances")) is { } recorded) results.Add(recorded);
        return [new ReplayedResults(null, results, model)];
    }

    /// <summary>Warns of metrics that were not recorded.</summary>
    internal static void Missing(
        Policy policy, IReadOnlyDictionary<string, double[]> columns, IReadOnlySet<string> utilization, TextWriter error)
    {
        var unknown = policy.Metrics.Select(metric => metric.Name)
            .Where(name => !columns.ContainsKey(name) && !utilization.Contains(name)).ToList();
        if (unknown.Count > 0)
            error.WriteLine(
                $"warning: '{policy.Name}' reads {string.Join(", ", unknown)}, which the data has not; it is missing throughout");
    }

    private static Policy? Choose(IPolicyFiles files, string file, string? name, TextWriter error, bool lenient = false)
    {
        if (files.TryLoad(file, error) is not { Policies: var policies }) return null;
        var chosen = name is null ? policies : [.. policies.Where(policy => policy.Name == name)];
        if (chosen.Count == 0 && lenient) chosen = policies;
        if (chosen.Count == 1) return chosen[0];
        error.WriteLine(chosen.Count == 0
            ? $"{file}: no policy{(name is null ? "" : $" '{name}'")}"
            : $"{file}: several policies; name one of {string.Join(", ", policies.Select(policy => $"'{policy.Name}'"))}");
        return null;
    }

    private static ReplayData? ReadData(IPolicyFiles files, ReplayOptions options, TextWriter error)
    {
        var all = new Dictionary<string, SortedList<long, double>>(StringComparer.Ordinal);
        var hasLag = options.Data.Count > 0;
        foreach (var source in options.Data)
        {
            var equals = source.IndexOf('=', StringComparison.Ordinal);
            var (name, path) = equals > 0 && files.Find(source) is null ? (source[..equals], source[(equals + 1)..])
                : (null, source);
            if (files.TryRead(path, error) is not { } text) return null;
            hasLag &= ReplayData.IsHistory(text);
            try
            {
                // An app's name alone stands for whatever its file records.
                var app = name is ['/', ..] && !name.Contains(':', StringComparison.Ordinal) ? name : null;
                foreach (var (metric, samples) in ReplayData.Read(text, app is null ? name : null))
                {
                    var isWhole = app is null || metric.StartsWith(app + ":", StringComparison.Ordinal);
                    var column = isWhole ? metric : $"{app}:{metric}";
                    if (all.TryAdd(column, samples)) continue;
                    error.WriteLine($"{path}: '{column}' is recorded twice");
                    return null;
                }
            }
            catch (FormatException e)
            {
                error.WriteLine($"{path}: {e.Message}");
                return null;
            }
        }

        try
        {
            return ReplayData.Align(all, options.Step, options.MaxSteps, hasLag ? TimeSpan.Zero : options.Lag);
        }
        catch (FormatException e)
        {
            error.WriteLine(e.Message);
            return null;
        }
    }
}
