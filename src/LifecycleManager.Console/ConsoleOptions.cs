using LifecycleManager.Security;

namespace LifecycleManager.Console;

/// <summary>Where the console reads what it shows.</summary>
public sealed record ConsoleOptions
{
    /// <summary>The scheduler.</summary>
    public required Uri Scheduler { get; init; }

    /// <summary>The manager; null leaves its pages out.</summary>
    public Uri? Manager { get; init; }

    /// <summary>The master; null leaves its page out.</summary>
    public Uri? Master { get; init; }

    /// <summary>Who the console is to a master that asks; null for one that does not.</summary>
    public Credential? MasterCredential { get; init; }
}
