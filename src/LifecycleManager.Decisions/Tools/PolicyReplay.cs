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

    /// <summary>The recordings: <c>FILE</c>, or <c>NAME=FILE</c> to say which metric the file's series are.</summary>
    public required IReadOnlyList<string> Data { get; init; }

    /// <summary>The metric that is the load, a total over all instances; null for the policy's first recorded metric.</summary>
    public string? Load { get; init; }

    /// <summary>
    /// How much of the load one instance carries; null to take what the recorded instances carried at their busiest.
    /// </summary>
    public double? Capacity { get; init; }

    /// <summary>Metrics of the policy that follow the utilization (load over capacity), such as the cpu.</summary>
    public IReadOnlyList<string> Utilization { get; init; } = [];

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
    /// <param name="cancellation">Ends the replay.</param>
    /// <returns>0 replayed; 2 a file or an option is wrong.</returns>
    public static int Run(
        ReplayOptions options, TextWriter output, TextWriter error, IPolicyFiles? files = null, CancellationToken cancellation =
            default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(error);
        files ??= DiskFiles.Instance;
        if (Choose(files, options.PolicyFile, options.Policy, error) is not { } policy) return ExitCodes.Failed;
        Policy? other = null;
        if (options.CompareFile is { } compare
            && (other = Choose(files, compare, compare == options.PolicyFile ? null : options.Policy, error,
                lenient: true)) is null) return ExitCodes.Failed;
        if (ReadData(files, options, error) is not { } data) return ExitCodes.Failed;
        if (Model(options, policy, data, error) is not { } model) return ExitCodes.Failed;
        var policies = other is null
            ? [policy] : new[] { policy, other.Name == policy.Name ? other with { Name = other.Name + " (2)" } : other };
        var utilization = options.Utilization.ToHashSet(StringComparer.Ordinal);
        foreach (var one in policies)
        {
            var unknown = one.Metrics.Select(metric => metric.Name)
                .Where(name => !data.Columns.ContainsKey(name) && !utilization.Contains(name)).ToList();
            if (unknown.Count > 0)
                error.WriteLine(
                    $"warning: '{one.Name}' reads {string.Join(", ", unknown)}, which the data has not; it is missing throughout");
        }

        var results = policies.Select(one => ReplayRun.Of(one, data, model, utilization, cancellation)).ToList();
        if (ReplayRun.Recorded(data, model) is { } recorded) results.Add(recorded);
        ReplayReport.WriteTable(results, model, data, output);
        if (options.HtmlFile is not { } html) return ExitCodes.Good;
        try
        {
            files.Write(html, ReplayReport.Html(results, model, data));
            output.WriteLine($"report: {html}");
            return ExitCodes.Good;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"{html}: cannot be written: {e.Message}");
            return ExitCodes.Failed;
        }
    }

    private static Policy? Choose(IPolicyFiles files, string file, string? name, TextWriter error, bool lenient = false)
    {
        if (files.TryLoad(file, error) is not { } policies) return null;
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
        foreach (var source in options.Data)
        {
            var equals = source.IndexOf('=', StringComparison.Ordinal);
            var (name, path) = equals > 0 && files.Find(source) is null ? (source[..equals], source[(equals + 1)..])
                : (null, source);
            if (files.TryRead(path, error) is not { } text) return null;
            try
            {
                foreach (var (column, samples) in ReplayData.Read(text, name))
                {
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
            return ReplayData.Align(all, options.Step, options.MaxSteps);
        }
        catch (FormatException e)
        {
            error.WriteLine(e.Message);
            return null;
        }
    }

    private static ReplayModel? Model(ReplayOptions options, Policy policy, ReplayData data, TextWriter error)
    {
        var load = options.Load ?? policy.Metrics.Select(metric => metric.Name).FirstOrDefault(data.Columns.ContainsKey);
        if (load is null || !data.Columns.TryGetValue(load, out var loads))
        {
            error.WriteLine(
                $"the data has no column '{load ?? "of any metric of the policy"}'; it has {string.Join(", ", data.Columns.Keys)}");
            return null;
        }

        var counts = data.Columns.GetValueOrDefault("instances");
        var capacity = options.Capacity ?? (counts is null ? double.NaN : Busiest(loads, counts));
        if (!(capacity > 0))
        {
            error.WriteLine(
                "say how much of the load one instance carries (the capacity); it can only be guessed from recorded 'instances'");
            return null;
        }

        if (options.Startup < TimeSpan.Zero || !(options.Objective > 0))
        {
            error.WriteLine("the start-up time must not be negative, and the objective must be over 0");
            return null;
        }

        var first = options.Instances ?? (counts is { } known && !double.IsNaN(known[0])
            ? (int)known[0] : Math.Max(1, policy.Instances.Min));
        return new ReplayModel(load, capacity, options.Startup, options.Objective, first);
    }

    /// <summary>The 99th percentile of load per recorded instance.</summary>
    private static double Busiest(double[] loads, double[] counts)
    {
        var shares = loads.Zip(counts, (load, count) => load / count).Where(double.IsFinite).Order().ToList();
        return shares.Count == 0 ? double.NaN : shares[(int)(0.99 * (shares.Count - 1))];
    }
}
