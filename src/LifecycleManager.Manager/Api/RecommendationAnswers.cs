using LifecycleManager.Decisions.Recommending;

namespace LifecycleManager.Manager.Api;

/// <summary><c>GET /v1/recommendations</c>.</summary>
/// <param name="At">As of when.</param>
/// <param name="Apps">By id.</param>
/// <param name="Totals">Of all apps in the answer.</param>
internal sealed record RecommendationsAnswer(DateTimeOffset At, IReadOnlyList<SizeAnswer> Apps, SizeTotals Totals)
{
    /// <summary>Why there is less than there should be; absent where all is well.</summary>
    public string? Problem { get; init; }

    /// <summary>So many apps are measured beyond those that are kept; absent for none.</summary>
    public int? LeftOut { get; init; }

    /// <summary>Keys of the store whose usage cannot be read and begins anew; absent for none.</summary>
    public IReadOnlyList<string>? SetAside { get; init; }
}

/// <summary>An app's size. Amounts are of one instance, in cores and MB; <c>Waste</c> is of all instances.</summary>
internal sealed record SizeAnswer
{
    public required string App { get; init; }
    public required int Instances { get; init; }
    public required ResourceAdvice Cpus { get; init; }
    public required ResourceAdvice Mem { get; init; }
    public required SizeAmounts Waste { get; init; }

    /// <summary>What is to be said, in a sentence.</summary>
    public required string Advice { get; init; }

    /// <summary>The body of a <c>PUT /v2/apps/{id}</c> that follows the advice; absent where nothing is to be changed.</summary>
    public SizeBody? Put { get; init; }

    /// <summary>When cpu was first measured; absent where it never was.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>When cpu was last measured.</summary>
    public DateTimeOffset? Until { get; init; }

    public required long Samples { get; init; }

    /// <summary>The days that the samples are worth: the more, the closer the bounds. Before 1 nothing is advised.</summary>
    public required double Days { get; init; }
}

/// <summary>What to send to the scheduler, as a deployment of one's own.</summary>
internal sealed record SizeBody(double? Cpus, double? Mem);

/// <summary>Cores and MB, of all instances.</summary>
internal sealed record SizeAmounts(double Cpus, double Mem);

/// <summary>Sums over apps.</summary>
/// <param name="Apps">How many.</param>
/// <param name="Known">Of how many there is something to be said.</param>
/// <param name="Asked">What they ask for.</param>
/// <param name="Waste">What is asked and not used.</param>
internal sealed record SizeTotals(int Apps, int Known, SizeAmounts Asked, SizeAmounts Waste);
