using System.Globalization;
using System.Text.Json.Nodes;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Discovery.Eureka;

/// <summary>
/// An instance as Eureka is to know it. Apps ask for it by labels: <c>lcm.eureka: true</c>, or <c>lcm.eureka.name: SEARCH</c> for
/// another name than the app's last part; <c>lcm.eureka.port</c> is the index of the port (0), <c>lcm.eureka.secure: true</c>
/// says that it speaks HTTPS, and every <c>lcm.eureka.metadata.KEY</c> is passed on.
/// </summary>
/// <param name="App">Eureka's name of the app, in capitals.</param>
/// <param name="InstanceId">The instance, unique within the app.</param>
/// <param name="Host">Where it is reached.</param>
/// <param name="Address">Its IP address, where known; else the host.</param>
/// <param name="Port">Its port.</param>
/// <param name="IsSecure">It speaks HTTPS.</param>
/// <param name="HealthPath">The path of its HTTP health check, where there is one.</param>
/// <param name="Metadata">What else is told of it, by key.</param>
/// <param name="Status">What is to be said of it.</param>
internal sealed record EurekaRegistration(
    string App, string InstanceId, string Host, string Address, int Port, bool IsSecure, string? HealthPath, string Metadata,
    EurekaStatus Status = EurekaStatus.Up)
{
    private const string Label = "lcm.eureka";

    /// <summary>Whether an app with these labels asks for it.</summary>
    public static bool IsWanted(IReadOnlyDictionary<string, string> labels) =>
        labels.GetValueOrDefault(Label + ".name") is { Length: > 0 } || labels.GetValueOrDefault(Label) == "true";

    /// <summary>What is to be registered, by the id of the instance.</summary>
    /// <param name="apps">Apps that ask for it, with their instances.</param>
    /// <param name="skipped">Told of each app that cannot be registered as it asks: its id, and why.</param>
    public static IReadOnlyDictionary<string, EurekaRegistration> Of(
        IEnumerable<App> apps, Action<string, string>? skipped = null)
    {
        var wanted = new Dictionary<string, EurekaRegistration>(StringComparer.Ordinal);
        foreach (var app in apps)
        {
            var labels = app.Labels ?? new Dictionary<string, string>();
            if (PortIndex(labels) is not { } index)
            {
                skipped?.Invoke(app.Id!, $"its label {Label}.port is '{labels[Label + ".port"]}', which is no index of a port");
                continue;
            }

            foreach (var task in app.Tasks ?? [])
            {
                if (EurekaStatuses.Of(app, task) is not { } status) continue;
                if (AppPorts.Position(app, index) is not { } position || position >= task.Ports.Count)
                    skipped?.Invoke(app.Id!, $"its instances publish no port {index} (label {Label}.port)");
                else wanted[task.Id] = Of(app, labels, task, index, task.Ports[position], status);
            }
        }

        return wanted;
    }

    /// <summary>As Eureka's REST API takes it.</summary>
    /// <param name="renewal">How often it is renewed.</param>
    public string ToJson(TimeSpan renewal)
    {
        var url = string.Create(CultureInfo.InvariantCulture, $"{(IsSecure ? "https" : "http")}://{Host}:{Port}");
        var seconds = Math.Max(1, (int)renewal.TotalSeconds);
        return new JsonObject
        {
            ["instance"] = new JsonObject
            {
                ["instanceId"] = InstanceId,
                ["hostName"] = Host,
                ["app"] = App,
                ["ipAddr"] = Address,
                ["vipAddress"] = App.ToLowerInvariant(),
                ["secureVipAddress"] = App.ToLowerInvariant(),
                ["status"] = Status.Text(),
                ["overriddenStatus"] = "UNKNOWN",
                ["port"] = PortOf(IsSecure ? 0 : Port, !IsSecure),
                ["securePort"] = PortOf(IsSecure ? Port : 0, IsSecure),
                ["homePageUrl"] = url + "/",
                ["statusPageUrl"] = url + (HealthPath ?? "/"),
                ["healthCheckUrl"] = HealthPath is null ? null : url + HealthPath,
                ["countryId"] = 1,
                ["dataCenterInfo"] = new JsonObject
                {
                    ["@class"] = "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo",
                    ["name"] = "MyOwn",
                },
                ["leaseInfo"] = new JsonObject { ["renewalIntervalInSecs"] = seconds, ["durationInSecs"] = 3 * seconds },
                ["metadata"] = JsonNode.Parse(Metadata),
            },
        }.ToJsonString();
    }

    private static JsonObject PortOf(int port, bool enabled) => new() { ["$"] = port, ["@enabled"] = enabled ? "true" : "false" };

    private static int? PortIndex(IReadOnlyDictionary<string, string> labels) =>
        !labels.TryGetValue(Label + ".port", out var text) ? 0
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;

    private static EurekaRegistration Of(
        App app, IReadOnlyDictionary<string, string> labels, AppTask task, int index, int port, EurekaStatus status)
    {
        var host = task.Host ?? "";
        var metadata = new JsonObject
        {
            ["management.port"] = port.ToString(CultureInfo.InvariantCulture),
            ["appId"] = app.Id,
            ["version"] = task.Version,
        };
        foreach (var (key, value) in labels)
        {
            const string Prefix = Label + ".metadata.";
            if (key.StartsWith(Prefix, StringComparison.Ordinal)) metadata[key[Prefix.Length..]] = value;
        }

        var check = app.HealthChecks?.FirstOrDefault(check =>
            check.Protocol is "HTTP" or "HTTPS" or "MESOS_HTTP" or "MESOS_HTTPS" && check.PortIndex == index);

        // On a container's own network the reported address is not to be reached from elsewhere.
        var address = app.Networks is null or [] or [{ Mode: null or "host" }, ..]
            ? task.IpAddresses?.FirstOrDefault(address => address.Protocol == "IPv4")?.IpAddress ?? host : host;
        return new EurekaRegistration(
            NameOf(app, labels), task.Id, host, address, port, labels.GetValueOrDefault(Label + ".secure") == "true", check?.Path,
            metadata.ToJsonString(), status);
    }

    private static string NameOf(App app, IReadOnlyDictionary<string, string> labels) =>
        (labels.GetValueOrDefault(Label + ".name") is { Length: > 0 } name ? name : app.Id!.Split('/')[^1]).ToUpperInvariant();
}
