using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Security;

namespace LifecycleManager.Scheduler;

/// <summary>How a scheduler runs.</summary>
public sealed record SchedulerOptions
{
    /// <summary>The masters, <c>http://host:5050</c>; the first that answers is asked, and its redirects are followed.</summary>
    public IReadOnlyList<Uri> Masters { get; init; } = [new("http://127.0.0.1:5050")];

    /// <summary>How other schedulers and the master's pages reach this one.</summary>
    public Uri Address { get; init; } = new("http://127.0.0.1:8080");

    /// <summary>Who may call its REST API and the console; by default anybody may do everything.</summary>
    public Principals Principals { get; init; } = Principals.Anyone;

    /// <summary>The framework's name.</summary>
    public string FrameworkName { get; init; } = "marathon";

    /// <summary>The role whose resources it takes, beside the unreserved ones.</summary>
    public string Role { get; init; } = "*";

    /// <summary>Who it is to a master that asks; null for one that does not, or that asks for a certificate.</summary>
    public Credential? Credential { get; init; }

    /// <summary>The certificate, with its key, that it shows a master that asks for one.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>The user that tasks run as where the app names none; empty for the agent's own.</summary>
    public string User { get; init; } = "";

    /// <summary>How long the master keeps the tasks of a scheduler that is away.</summary>
    public TimeSpan FailoverTimeout { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Which of the fitting agents to prefer, for apps without the label <c>lcm.placement</c>.</summary>
    public Placement.PlacementStrategy Placement { get; init; }

    /// <summary>An instance that is not running by then is ended and launched anew.</summary>
    public TimeSpan LaunchTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>A kill that has no effect is repeated after this.</summary>
    public TimeSpan KillRetry { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>All tasks are reconciled with the master's this often.</summary>
    public TimeSpan ReconciliationInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Old versions kept of each app and of the tree, beside those that something still uses.</summary>
    public int MaxVersions { get; init; } = 50;

    /// <summary>Event streams open at once.</summary>
    public int MaxEventSubscribers { get; init; } = 1_024;

    /// <summary>The most that waits for all event subscribers together, bytes; the slowest is dropped beyond it.</summary>
    public long MaxEventBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Health checks under way at once.</summary>
    public int MaxConcurrentHealthChecks { get; init; } = 256;

    /// <summary>The largest body of a request that holds one definition, bytes; of one that holds many, sixteen times that.</summary>
    public int MaxRequestBody { get; init; } = 1024 * 1024;

    /// <summary>Eureka servers, <c>http://host:8761/eureka</c>; one that answers is enough. Empty: nobody is told of instances.</summary>
    public IReadOnlyList<Uri> Eureka { get; init; } = [];

    /// <summary>How often registrations in Eureka are renewed; they run out after three times that.</summary>
    public TimeSpan EurekaRenewal { get; init; } = TimeSpan.FromSeconds(30);
}
