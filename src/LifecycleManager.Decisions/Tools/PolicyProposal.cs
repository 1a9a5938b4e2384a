using System.Globalization;
using System.Text;
using LifecycleManager.Decisions.Expressions;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools.Import;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tools;

/// <summary>
/// <c>lcm policy init --from</c>: looks at what an app tells, writes the policy of the first kind that can be measured, and says
/// of the others what their metrics are at present, or why they cannot be measured.
/// </summary>
public sealed class PolicyProposal
{
    /// <summary>How long it may take until windows are filled.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(12);

    /// <summary>A look is short: of a window of minutes a few seconds are enough to tell a value of now.</summary>
    private static readonly TimeSpan ShortWindow = TimeSpan.FromSeconds(4);

    private static readonly (string Kind, string Needs)[] OfServers =
    [
        ("rabbitmq, step, zero", "the name of a queue"), ("promql", "a query"), ("schedule", "times of the day"),
    ];

    private readonly string _app;
    private readonly List<Candidate> _candidates;

    /// <summary>Makes what is to be measured of an app.</summary>
    /// <param name="app">The absolute app id.</param>
    public PolicyProposal(string app)
    {
        _app = app;
        _candidates = [.. MeasuredTemplates.All.Select(one =>
            new Candidate(one.Template, one.Where, MetricsOf(app, one.Template)))];
        Queries = [.. _candidates.SelectMany(one => one.Metrics).Select(metric => Now(metric.Query)).Distinct()];
    }

    /// <summary>What is to be read, once, of the app.</summary>
    public IReadOnlyList<MetricQuery> Queries { get; }

    /// <summary>The same as demands of the app.</summary>
    public IReadOnlyList<MetricDemand> Demands => [.. Queries.Select(query => new MetricDemand(_app, query))];

    /// <summary>Writes the proposal.</summary>
    /// <param name="readings">A reading for each of <see cref="Queries"/>.</param>
    /// <param name="now">When they were read.</param>
    /// <param name="file">Where to; null for <paramref name="output"/>. Nothing is overwritten.</param>
    /// <param name="output">Gets the policy, or what was written.</param>
    /// <param name="error">Gets what is wrong, and why nothing can be measured.</param>
    /// <param name="files">Where files are written; null for the disk.</param>
    /// <returns>0 written; 1 nothing of the app can be measured; 2 the file cannot be written.</returns>
    public int Write(
        IReadOnlyList<MetricReading> readings, DateTimeOffset now, string? file, TextWriter output, TextWriter error,
        IPolicyFiles? files = null)
    {
        ArgumentNullException.ThrowIfNull(readings);
        ArgumentNullException.ThrowIfNull(error);
        var read = Queries.Zip(readings).ToDictionary(pair => pair.First, pair => pair.Second);
        var good = _candidates.Where(one => one.Metrics.All(metric => HasValue(read[Now(metric.Query)]))).ToList();
        if (good.Count == 0)
        {
            error.WriteLine($"nothing of {_app} can be measured:");
            foreach (var one in _candidates) error.WriteLine($"  {one.Title}: {Reason(one, read)}");
            return ExitCodes.Found;
        }

        var instances = readings.Max(reading => reading.Instances);
        var chosen = good[0].Template with { Most = Math.Max(10, 2 * instances) };
        return PolicyInit.Write(_app, chosen, Remarks(good, read, instances, now), file, output, error, files);
    }

    private string Remarks(
        List<Candidate> good, Dictionary<MetricQuery, MetricReading> read, int instances, DateTimeOffset now)
    {
        var text = new StringBuilder();
        Line($"Proposed for what its {instances} {(instances == 1 ? "instance tells" : "instances tell")}, "
            + now.UtcDateTime.ToString("yyyy-MM-ddTHH:mmZ", CultureInfo.InvariantCulture) + ":");
        foreach (var one in good)
        {
            Line($"  {one.Title}: "
                + string.Join(", ", one.Metrics.Select(metric => Value(metric, read[Now(metric.Query)]))));
        }

        if (good.Skip(1).Select(one => one.Template.Kind).Distinct().Where(kind => kind != good[0].Template.Kind).ToList()
            is { Count: > 0 } others)
            Line($"  Other ways: lcm policy init {_app} --kind {string.Join(" | ", others)}");
        Line("Not measured:");
        foreach (var one in _candidates.Except(good)) Line($"  {one.Title}: {Reason(one, read)}");
        foreach (var (kind, needs) in OfServers) Line($"  {kind}: {needs} is needed, which the app does not tell");
        return text.ToString();

        void Line(string line) => text.Append("# ").Append(line.ReplaceLineEndings(" ")).Append('\n');
    }

    private static string Value(PolicyMetric metric, MetricReading reading) => !reading.IsKnown
        ? $"{metric.Name} idle, nobody calls"
        : $"{metric.Name} {MetricUnits.Format(reading.Value, MetricUnits.Of(metric.Query))}"
            + (reading.Silent > 0 ? $" ({reading.Reporting} of {reading.Instances} tell)" : "");

    private static string Reason(Candidate one, Dictionary<MetricQuery, MetricReading> read) => string.Join("; ",
        one.Metrics.Select(metric => (metric.Name, Reading: read[Now(metric.Query)])).Where(pair => !HasValue(pair.Reading))
            .GroupBy(pair => pair.Reading.Missing!, pair => pair.Name)
            .Select(same => $"{string.Join(", ", same)}: {same.Key}"));

    private static bool HasValue(MetricReading reading) => reading.IsKnown || reading.Absence == Absence.Idle;

    private static MetricQuery Now(MetricQuery query) =>
        query.Window > ShortWindow ? query with { Window = ShortWindow } : query;

    private static IReadOnlyList<PolicyMetric> MetricsOf(string app, PolicyTemplate template)
    {
        var file = PolicyParser.Parse(template.Kind, template.Policy(PolicyDraft.Quote(app), "proposal"));
        return file.Policies is [var policy]
            ? policy.Metrics : throw new InvalidOperationException($"the template {template.Kind}: {file.Problems[0]}");
    }

    private sealed record Candidate(PolicyTemplate Template, string Where, IReadOnlyList<PolicyMetric> Metrics)
    {
        public string Title => $"{Template.Kind} ({Where})";
    }
}
