using System.ComponentModel.DataAnnotations;

namespace LifecycleManager.Discovery.Eureka;

/// <summary>Where apps that ask for it by label are registered.</summary>
public sealed record EurekaOptions
{
    /// <summary>
    /// Eureka servers, <c>http://host:8761/eureka</c>; one that answers is enough. Without credentials in them: addresses are
    /// shown and logged. Empty: nobody is told of instances.
    /// </summary>
    public IReadOnlyList<Uri> Servers { get; init; } = [];

    /// <summary>Who the registrar is to them; null: nobody asks.</summary>
    public EurekaCredential? Credential { get; init; }

    /// <summary>How often registrations are renewed; they run out after three times that. From 1s to 1h.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Renewal { get; init; } = TimeSpan.FromSeconds(30);
}
