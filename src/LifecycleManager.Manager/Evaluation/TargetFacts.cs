using LifecycleManager.Scaling.Execution;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Manager.Evaluation;

/// <summary>The target's apps as they were last read.</summary>
/// <param name="Apps">The apps.</param>
/// <param name="Read">When reading them began.</param>
/// <param name="Took">How long that took.</param>
internal sealed record TargetFacts(IReadOnlyList<ScalableApp> Apps, Moment Read, TimeSpan Took)
{
    /// <summary>Facts of this age are always good enough: 1 s.</summary>
    public static readonly TimeSpan MinAge = TimeSpan.FromSeconds(1);

    private const int MaxShare = 10;

    /// <summary>Apps that were listed and no longer are, though the target does not say that they are gone.</summary>
    public IReadOnlySet<string> Unlisted { get; init; } = new HashSet<string>();

    /// <summary>Apps that were listed before this read, and of which the target says that they are gone.</summary>
    public IReadOnlyCollection<string> Gone { get; init; } = [];

    /// <summary>
    /// Whether apps may be decided on them between two ticks, which read them anew: they are 1 s old or less, or ten times what
    /// it takes to read them, so that a large cluster is not read all the time; and none of our own changes has ended since. A
    /// change that somebody else has made in between is refused by the target.
    /// </summary>
    public bool AreFresh(Moment now, ChangeQueue changes)
    {
        var longest = Took * MaxShare > MinAge ? Took * MaxShare : MinAge;
        return now.Steady - Read.Steady <= longest && changes.LastEnd < Read.Steady;
    }
}
