using System.Text.Json;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Demo;

/// <summary>The definitions of the sample services, as containers or as processes of one machine.</summary>
/// <param name="containers">Whether an agent has a Docker engine.</param>
internal sealed class DemoApps(bool containers)
{
    public const string Search = "/brownfield/search";
    public const string Gateway = "/brownfield/search-apigateway";
    public const string Website = "/brownfield/website";

    /// <summary>
    /// The service that is under load: a short window, so that its transactions per minute follow the load at once.
    /// </summary>
    public App SearchApp() => App(Search, "search", DemoImage.Search, bridge: true, new() { ["BROWNFIELD_TPM_WINDOW"] = "5s" });

    /// <summary>The gateway before a search instance.</summary>
    public App GatewayApp(Uri search) =>
        App(Gateway, "search-apigateway", DemoImage.SearchApiGateway, bridge: false,
            new() { ["BROWNFIELD_SEARCH_URL"] = search.ToString() });

    /// <summary>The page that asks the gateway.</summary>
    public App WebsiteApp(Uri gateway) =>
        App(Website, "website", DemoImage.Website, bridge: false, new() { ["BROWNFIELD_GATEWAY_URL"] = gateway.ToString() });

    private App App(string id, string service, string image, bool bridge, Dictionary<string, string> environment)
    {
        environment["BROWNFIELD_SERVICE"] = service;
        environment["BROWNFIELD_BOOT"] = "both";
        var app = new App
        {
            Id = id,
            Instances = 1,
            Cpus = 0.2,
            Mem = 160,
            Env = environment.ToDictionary(variable => variable.Key,
                variable => JsonSerializer.SerializeToElement(variable.Value)),
            Labels = new Dictionary<string, string> { ["demo"] = "brownfield" },
            HealthChecks =
            [
                new AppHealthCheck
                {
                    Protocol = "HTTP", Path = "/admin/health", PortIndex = 0,
                    GracePeriodSeconds = 30, IntervalSeconds = 1, TimeoutSeconds = 5, MaxConsecutiveFailures = 5,
                },
            ],
            TaskKillGracePeriodSeconds = 5,
        };
        if (!containers)
        {
            return app with
            {
                // The host's own address: on 0.0.0.0 a sample service would be served to the whole network.
                Cmd = $"exec dotnet '{BrownFieldOutput.Program}' --bind $HOST --port $PORT0",
                PortDefinitions = [new PortDefinition { Port = 0, Protocol = "tcp", Name = "http" }],
            };
        }

        // A container on the bridge does not reach the host's loopback addresses, where the other services are published.
        return bridge
            ? app with
            {
                Container = new AppContainer
                {
                    Type = "DOCKER",
                    Docker = new AppDocker { Image = image },
                    PortMappings = [new AppPortMapping { ContainerPort = 0, HostPort = 0, Name = "http" }],
                },
                Networks = [new AppNetwork { Mode = "container/bridge" }],
            }
            : app with
            {
                Container = new AppContainer { Type = "DOCKER", Docker = new AppDocker { Image = image } },
                Networks = [new AppNetwork { Mode = "host" }],
                Cmd = null,
                PortDefinitions = [new PortDefinition { Port = 0, Protocol = "tcp", Name = "http" }],
            };
    }
}
