namespace LifecycleManager.Scaling.Safety;

/// <summary>What the manager never does, whatever the policies say.</summary>
public sealed record SafetyOptions
{
    /// <summary>The most changes set off within any minute, over all apps; growth goes first.</summary>
    public int ChangesPerMinute { get; init; } = 120;

    /// <summary>The most instances that one change adds or removes; null for no limit.</summary>
    public int? MaxStep { get; init; }

    /// <summary>
    /// Scale-in stops everywhere while this share of what was there is missing at once, as Eureka's self-preservation has it: of
    /// the instances that ran (agents lost, a network split), or of the apps whose sources of metrics answered
    /// (a collector cut off); a source that answers and has nothing to tell is not missing. More than 0;
    /// over 1 switches it off.
    /// </summary>
    public double MissingShare { get; init; } = 0.25;

    /// <summary>Never for fewer missing than this.</summary>
    public int MissingAtLeast { get; init; } = 3;

    /// <summary>How long scale-in stays stopped after the last time that too much was missing.</summary>
    public TimeSpan Recovery { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>What has been missing for so long is taken as given.</summary>
    public TimeSpan Acceptance { get; init; } = TimeSpan.FromMinutes(15);
}
