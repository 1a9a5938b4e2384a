using System.Globalization;
using System.Text.Json.Nodes;
using LifecycleManager.Scheduler.Definitions;
using LifecycleManager.Scheduler.State;

namespace LifecycleManager.Scheduler.Discovery;

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
internal sealed record EurekaRegistration(
    string App, string InstanceId, string Host, string Address, int Port, bool IsSecure, string? HealthPath, string Metadata)
{
    private const string Label = "lcm.eureka";

    /// <summary>
    /// What is to be registered: of apps that ask for it, the instances that run, pass their health checks and are not meant to
    /// end.
    /// </summary>
    public static IReadOnlyDictionary<string, EurekaRegistration> Wanted(SchedulerSnapshot snapshot)
    {
        var wanted = new Dictionary<string, EurekaRegistration>(StringComparer.Ordinal);
        foreach (var status in snapshot.Apps.Values)
        {
            if (NameOf(status.Definition) is not { } name) continue;
            foreach (var instance in status.Instances)
            {
                if (instance is not { State: InstanceState.Running, Goal: InstanceGoal.Running, Ready: true }) continue;
                if (!status.Serves(instance)) continue;
                if (status.Definition.HealthChecks.Count > 0 && instance.Healthy != true) continue;
                if (Of(status.Definition, name, instance) is { } registration) wanted[registration.InstanceId] = registration;
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
                ["status"] = "UP",
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

    private static string? NameOf(AppDefinition app)
    {
        if (app.Labels.GetValueOrDefault(Label + ".name") is { Length: > 0 } name) return name.ToUpperInvariant();
        return app.Labels.GetValueOrDefault(Label) is "true" ? app.Id.Name.ToUpperInvariant() : null;
    }

    private static EurekaRegistration? Of(AppDefinition app, string name, Instance instance)
    {
        var index = int.TryParse(app.Labels.GetValueOrDefault(Label + ".port"), NumberStyles.None, CultureInfo.InvariantCulture,
            out var given) ? given : 0;
        if (index >= instance.Ports.Count || instance.Ports[index] is not { } port) return null;
        var metadata = new JsonObject
        {
            ["management.port"] = port.ToString(CultureInfo.InvariantCulture),
            ["appId"] = app.Id.Path,
            ["version"] = Instants.Write(instance.Version),
        };
        foreach (var (key, value) in app.Labels)
        {
            const string Prefix = Label + ".metadata.";
            if (key.StartsWith(Prefix, StringComparison.Ordinal)) metadata[key[Prefix.Length..]] = value;
        }

        var check = app.HealthChecks.FirstOrDefault(check => check.Protocol is HealthProtocol.Http or HealthProtocol.Https
            or HealthProtocol.MesosHttp or HealthProtocol.MesosHttps && check.PortIndex == index);
        // On a container's own network the reported address is not to be reached from elsewhere.
        var address = app.Network == NetworkMode.Host
            ? instance.Addresses.FirstOrDefault(address => address.Protocol == "IPv4")?.Address ?? instance.Host : instance.Host;
        return new EurekaRegistration(
            name, instance.TaskId, instance.Host, address, port,
            app.Labels.GetValueOrDefault(Label + ".secure") == "true", check?.Path, metadata.ToJsonString());
    }
}
