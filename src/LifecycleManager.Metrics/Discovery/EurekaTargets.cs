using System.Globalization;
using System.Text.Json;
using LifecycleManager.Discovery.Eureka;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Metrics.Discovery;

/// <summary>Makes targets of the instances that a Eureka server knows.</summary>
/// <remarks>
/// An instance belongs to the app that its metadata names in <c>lcm.app</c>; else to the apps whose label
/// <c>lcm.metrics.eureka</c> is its Eureka name; else to nobody. The metadata <c>management.port</c> and
/// <c>management.context-path</c>, which Spring Cloud sets, say where its actuator is.
/// </remarks>
internal static class EurekaTargets
{
    private const string AppField = "lcm.app";
    private const string PortField = "management.port";

    /// <summary>Reads the answer to <c>/apps</c>.</summary>
    /// <param name="json">The body.</param>
    /// <param name="appsOf">The apps that stand for a Eureka name in lower case.</param>
    /// <param name="skipped">Told of each instance that is no target: what it is, and why.</param>
    /// <exception cref="JsonException">Malformed; with its place or with what is wrong.</exception>
    public static IReadOnlyList<Target> Read(
        ReadOnlyMemory<byte> json, ILookup<string, string> appsOf, Action<string>? skipped = null) =>
    [
        .. UntrustedJson.Read(json, answer => EurekaApps.Read(answer, skipped)).SelectMany(instance =>
        {
            var apps = instance.Metadata.TryGetValue(AppField, out var own) ? [own] : appsOf[instance.App.ToLowerInvariant()];
            var problem = Problem(instance, apps);
            if (problem is null) return apps.Select(app => Of(instance, app));
            skipped?.Invoke($"{instance.App}/{instance.InstanceId ?? instance.Host}: {problem}");
            return [];
        }),
    ];

    private static string? Problem(EurekaInstance instance, IEnumerable<string> apps)
    {
        if (!apps.Any())
            return $"no app has the label {AppMetricsLabels.EurekaLabel}: {instance.App}, "
                + $"and its metadata names none as {AppField}";
        if (apps.FirstOrDefault(app => !app.StartsWith('/')) is { } app)
            return $"its metadata {AppField} is '{app}', which is no absolute app id";
        if (instance.Metadata.TryGetValue(PortField, out var text) && ManagementPort(instance) is null)
            return $"its metadata {PortField} is '{text}', which is no port";
        return PortOf(instance) is null ? $"it has no enabled port, and its metadata no {PortField}" : null;
    }

    private static int? ManagementPort(EurekaInstance instance) => int.TryParse(
        instance.Metadata.GetValueOrDefault(PortField), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
        && port is > 0 and <= 65535 ? port : null;

    private static int? PortOf(EurekaInstance instance) => ManagementPort(instance) ?? instance.Port ?? instance.SecurePort;

    private static Target Of(EurekaInstance instance, string app)
    {
        var port = PortOf(instance)!.Value;
        var path = instance.Metadata.GetValueOrDefault("management.context-path");

        // DOWN and UNKNOWN instances are asked too: their metrics may say why, and they do not count as ready.
        return new Target(
            "eureka:" + (instance.InstanceId ?? $"{instance.Host}:{port}") + "@" + app, app, instance.Host, [port],
            instance.UpSince, instance.Status == "STARTING" ? null : instance.Status == "UP")
        {
            IsChecked = true,
            Path = path is { Length: > 0 } && path[0] == '/' ? path : null,

            // Each client of Spring Cloud names its management port. Where that is the secure port and not the other one, it
            // speaks TLS; whether one of its own does is not said, and the app's label decides.
            Scheme = port == instance.SecurePort && port != instance.Port ? "https" : null,
        };
    }
}
