using LifecycleManager.Decisions.Coordinations;
using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tools.Testing;

/// <summary>A file of tests.</summary>
/// <param name="Policies">What it tests: policies, coordinations, budgets.</param>
/// <param name="Code">What it tests of rules that are code; null for none.</param>
/// <param name="Interval">Between two values of a series.</param>
/// <param name="Tick">Between two decisions.</param>
/// <param name="Tests">The tests, in the order of the file.</param>
internal sealed record TestFile(
    PolicySet Policies, ICodeRules? Code, TimeSpan Interval, TimeSpan Tick, IReadOnlyList<TestCase> Tests);

/// <summary>One test.</summary>
/// <param name="Name">What it shows.</param>
/// <param name="Place">Where it is written.</param>
/// <param name="Start">The time of the first values.</param>
/// <param name="Apps">Its apps, at least one.</param>
/// <param name="Expectations">What is expected of them.</param>
internal sealed record TestCase(
    string Name, SourcePlace Place, DateTimeOffset Start, IReadOnlyList<TestApp> Apps, IReadOnlyList<Expectation> Expectations);

/// <summary>One app of a test.</summary>
internal sealed record TestApp
{
    /// <summary>The absolute app id.</summary>
    public required string Id { get; init; }

    /// <summary>Where it is written.</summary>
    public required SourcePlace Place { get; init; }

    /// <summary>Its labels; null for none.</summary>
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>The count at the start.</summary>
    public int Instances { get; init; } = 1;

    /// <summary>The changes before the start, oldest first.</summary>
    public IReadOnlyList<EarlierChange> Before { get; init; } = [];

    /// <summary>How long a new instance takes to serve.</summary>
    public TimeSpan Startup { get; init; }

    /// <summary>How important it is beside others.</summary>
    public int Priority { get; init; }

    /// <summary>What an instance takes, in cores; NaN where that is unknown.</summary>
    public double Cpus { get; init; } = double.NaN;

    /// <summary>What an instance takes, in MB; NaN where that is unknown.</summary>
    public double Memory { get; init; } = double.NaN;

    /// <summary>The apps that it depends on.</summary>
    public IReadOnlyList<string> Dependencies { get; init; } = [];

    /// <summary>How many instances wait for a place, by interval; the last value stays.</summary>
    public IReadOnlyList<double> Waiting { get; init; } = [];

    /// <summary>How many of its instances are not ready, by interval; the last value stays.</summary>
    public IReadOnlyList<double> NotReady { get; init; } = [];

    /// <summary>When it is deleted; null for never.</summary>
    public TimeSpan? Gone { get; init; }

    /// <summary>Its metrics by name: one series, or one per instance.</summary>
    public IReadOnlyDictionary<string, double[][]> Series { get; init; } = new Dictionary<string, double[][]>();
}

/// <summary>A change of the count before a test's start, which limits, cooldowns and windows still look at.</summary>
/// <param name="Ago">So long before the start.</param>
/// <param name="From">The count until then.</param>
/// <param name="To">The count since.</param>
internal readonly record struct EarlierChange(TimeSpan Ago, int From, int To);
