using System.ComponentModel.DataAnnotations;

namespace LifecycleManager.Scaling.Safety;

/// <summary>Limits that hold whatever the policies say.</summary>
public sealed record SafetyOptions
{
    /// <summary>The most changes set off within any minute, over all apps; growth goes first. From 1 to 1000000.</summary>
    [Range(1, 1_000_000)]
    public int ChangesPerMinute { get; init; } = 120;

    /// <summary>The most instances that one change adds or removes; null for no limit. From 1 to 1000000.</summary>
    [Range(1, 1_000_000)]
    public int? MaxStep { get; init; }

    /// <summary>
    /// Scale-in stops everywhere while this share of what was there is missing at once, as Eureka's self-preservation has it: of
    /// the instances that ran (agents lost, a network split), or of the apps whose sources of metrics answered
    /// (a collector cut off); a source that answers and has nothing to tell is not missing. Over 1 switches it off.
    /// From 0.0001 to 100.
    /// </summary>
    [Range(0.0001, 100.0)]
    public double MissingShare { get; init; } = 0.25;

    /// <summary>Never for fewer missing than this. From 1 to 1000000.</summary>
    [Range(1, 1_000_000)]
    public int MissingAtLeast { get; init; } = 3;

    /// <summary>How long scale-in stays stopped after the last time that too much was missing. From 10ms to 365d.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "365.00:00:00")]
    public TimeSpan Recovery { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>What has been missing for so long is taken as given. From 10ms to 365d.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "365.00:00:00")]
    public TimeSpan Acceptance { get; init; } = TimeSpan.FromMinutes(15);
}
