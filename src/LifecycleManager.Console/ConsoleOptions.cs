using LifecycleManager.Clients.Addresses;
using LifecycleManager.Runtime;
using LifecycleManager.Security;

namespace LifecycleManager.Console;

/// <summary>Where the console reads what it shows.</summary>
public sealed record ConsoleOptions
{
    /// <summary>The scheduler.</summary>
    public required Uri Scheduler { get; init; }

    /// <summary>The manager; null leaves its pages out.</summary>
    public Uri? Manager { get; init; }

    /// <summary>The masters; null leaves their page out.</summary>
    public AddressList? Masters { get; init; }

    /// <summary>Who the console is to a master that asks; null for one that does not.</summary>
    public Credential? MasterCredential { get; init; }

    /// <summary>What roles that ask for a certificate are shown, and whom is taken for one; null for the usual.</summary>
    public ClientTls? Tls { get; init; }
}
