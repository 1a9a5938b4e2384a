using System.ComponentModel.DataAnnotations;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Scheduler.Core.Context;
using LifecycleManager.Scheduler.Core.Definitions.Labels;
using LifecycleManager.Runtime;
using LifecycleManager.Security;
using LifecycleManager.Security.Admission;

namespace LifecycleManager.Scheduler;

/// <summary>How a scheduler runs.</summary>
public sealed record SchedulerOptions
{
    /// <summary>The masters, <c>http://host:5050</c>; the first that answers is asked, and its redirects are followed.</summary>
    public IReadOnlyList<Uri> Masters { get; init; } = [new("http://127.0.0.1:5050")];

    /// <summary>Where the masters are looked up; then <see cref="Masters"/> are the directory's servers, for people.</summary>
    public AddressDirectory? MasterDirectory { get; init; }

    /// <summary>How other schedulers and the master's pages reach this one.</summary>
    public Uri Address { get; init; } = new("http://127.0.0.1:8080");

    /// <summary>Who may call its REST API and the console; by default anybody may do everything.</summary>
    public Principals Principals { get; init; } = Principals.Anyone;

    /// <summary>What apps may be; by default everything.</summary>
    public AdmissionControl Admission { get; init; } = AdmissionControl.Of(AdmissionRules.Open);

    /// <summary>The framework's name.</summary>
    public string FrameworkName { get; init; } = "marathon";

    /// <summary>The role whose resources it takes, beside the unreserved ones.</summary>
    public string Role { get; init; } = "*";

    /// <summary>Who it is to a master that asks; null for one that does not, or that asks for a certificate.</summary>
    public Credential? Credential { get; init; }

    /// <summary>
    /// What it shows masters and schedulers that ask for a certificate, and whom it takes for one; null: nothing, and the
    /// machine's authorities.
    /// </summary>
    public ClientTls? Tls { get; init; }

    /// <summary>The user that tasks run as where the app names none; empty for the agent's own.</summary>
    public string User { get; init; } = "";

    /// <summary>How long the master keeps the tasks of a scheduler that is away. From 1s to 365d.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")]
    public TimeSpan FailoverTimeout { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Which of the fitting agents to prefer, for apps without the label <c>lcm.placement</c>.</summary>
    public PlacementStrategy Placement { get; init; }

    /// <summary>An instance that is not running by then is ended and launched anew. From 1s to 365d.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "365.00:00:00")]
    public TimeSpan LaunchTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A kill that has no effect is repeated after this. From 1s to 1h.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan KillRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>All tasks are reconciled with the master's this often. From 1s to 1d.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan ReconciliationInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Old versions kept of each app and of the tree, beside those that something still uses. From 1 to 10000.</summary>
    [Range(1, 10_000)]
    public int MaxVersions { get; init; } = 50;

    /// <summary>Event streams open at once. From 1 to 100000.</summary>
    [Range(1, 100_000)]
    public int MaxEventSubscribers { get; init; } = 1_024;

    /// <summary>
    /// The most that waits for all event subscribers together, bytes; the slowest is dropped beyond it.
    /// From 1MB to 4GB.
    /// </summary>
    [Range(typeof(long), "1048576", "4294967296")]
    public long MaxEventBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Health checks under way at once. From 1 to 100000.</summary>
    [Range(1, 100_000)]
    public int MaxConcurrentHealthChecks { get; init; } = 256;

    /// <summary>
    /// The largest body of a request that holds one definition, bytes; of one that holds many, sixteen times that.
    /// From 1024 to 1048576.
    /// </summary>
    [Range(1_024, 1_048_576)]
    public int MaxRequestBody { get; init; } = 1024 * 1024;

    /// <summary>Those of the core.</summary>
    internal CoreOptions Core => new()
    {
        User = User,
        Placement = Placement,
        LaunchTimeout = LaunchTimeout,
        KillRetry = KillRetry,
        ReconciliationInterval = ReconciliationInterval,
        MaxVersions = MaxVersions,
    };
}
