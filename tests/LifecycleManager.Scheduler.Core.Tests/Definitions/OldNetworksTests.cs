using System.Text.Json.Nodes;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Json;

namespace LifecycleManager.Scheduler.Core.Tests.Definitions;

/// <summary>
/// The old notations in every combination, held against the rules of Marathon's normalization, written once more in the shortest
/// way: which networks, which ports, or refused.
/// </summary>
public sealed class OldNetworksTests
{
    private static readonly string?[] Docker = [null, """["BRIDGE"]""", """["Host"]""", """["user"]""", """["NONE"]"""];

    private static readonly string?[] Addresses =
        [null, """{"networkName":"dmz","groups":["g"]}""", """{"networkName":"mesos-bridge","discovery":{}}"""];

    private static readonly string?[] Networks =
    [
        "[]", """[{"mode":"HOST"}]""", """[{"mode":"container/bridge"}]""", """[{"name":"own"}]""",
    ];

    private static readonly string?[] Ports = [null, "[]", "[7,8]"];
    private static readonly string?[] Definitions = [null, """[{"port":7},{"port":8,"name":"b"}]""", """[{"port":9}]"""];
    private static readonly string?[] Mappings = [null, "[]", """[{"containerPort":80,"servicePort":11}]"""];

    [Fact]
    public void Every_combination_is_what_marathon_makes_of_it()
    {
        var count = 0;
        foreach (var docker in Docker)
            foreach (var address in Addresses)
                foreach (var networks in Networks)
                    foreach (var ports in Ports)
                        foreach (var definitions in Definitions)
                            foreach (var mappings in Mappings)
                                foreach (var old in Mappings)
                                {
                                    count++;
                                    var app = Write(docker, address, networks, ports, definitions, mappings, old);
                                    Assert.True(Expected(app) == Found(app.ToJsonString()),
                                        $"{app.ToJsonString()} is {Found(app.ToJsonString())}, not {Expected(app)}");
                                }

        Assert.Equal(5 * 3 * 4 * 3 * 3 * 3 * 3, count);
    }

    private static JsonObject Write(
        string? docker, string? address, string? networks, string? ports, string? definitions, string? mappings, string? old)
    {
        var image = new JsonObject { ["image"] = "i" };
        var container = new JsonObject { ["type"] = "DOCKER", ["docker"] = image };
        var app = new JsonObject { ["id"] = "/a", ["container"] = container };
        if (docker is not null) image["network"] = (string?)JsonNode.Parse(docker)![0];
        Set(image, "portMappings", old);
        Set(container, "portMappings", mappings);
        Set(app, "ipAddress", address);
        Set(app, "networks", networks);
        Set(app, "ports", ports);
        Set(app, "portDefinitions", definitions);
        return app;

        static void Set(JsonObject to, string name, string? value)
        {
            if (value is not null) to[name] = JsonNode.Parse(value);
        }
    }

    private static string Found(string json)
    {
        var sent = AppDefinitions.ReadApp(System.Text.Encoding.UTF8.GetBytes(json));
        if (AppDefinitions.TryCreate(sent, AppId.Root, new DefinitionRules(), "", new Problems()) is not { } app)
            return "refused";
        var ports = app.Ports.Select(port => $"{port.ContainerPort}/{port.ServicePort}/{port.Name}");
        return $"{app.Network} {app.Wire.Networks![0].Name} {string.Join(' ', ports)}";
    }

    private static string Expected(JsonObject app)
    {
        var container = app["container"]!;
        var (docker, address) = (((string?)container["docker"]!["network"])?.ToUpperInvariant(), app["ipAddress"]?.AsObject());
        var networks = app["networks"] as JsonArray is { Count: > 0 } given ? given[0]!.AsObject() : null;
        var (ports, definitions) = (app["ports"]?.AsArray(), app["portDefinitions"]?.AsArray());
        if (docker == "NONE" || (networks is not null && (docker ?? (object?)address) is not null)) return "refused";
        if (address is not null && (ports?.Count > 0 || definitions?.Count > 0)) return "refused";
        if (ports?.Count > 0 && definitions is not null
            && !ports.Select(port => (int)port!).SequenceEqual(definitions.Select(port => (int)port!["port"]!))) return "refused";
        var (mapped, old) = (container["portMappings"]?.AsArray(), container["docker"]!["portMappings"]?.AsArray());
        if (mapped?.Count > 0 && old?.Count > 0) return "refused";

        var name = (string?)address?["networkName"];
        var mode = networks is not null ? ((string?)networks["mode"])?.ToUpperInvariant() switch
        {
            "HOST" => "Host",
            "CONTAINER/BRIDGE" => "Bridge",
            _ => "Container",
        }
        : docker == "HOST" || (docker is null && address is null) ? "Host"
        : docker == "BRIDGE" || (docker is null && name == "mesos-bridge") ? "Bridge" : "Container";
        name = mode != "Container" ? null : networks is not null ? (string?)networks["name"] : name;
        if (mode == "Container" && name is null) return "refused";

        var wanted = definitions is null || (definitions.Count == 0 && ports?.Count > 0)
            ? ports?.Select(port => (Port: (int)port!, Name: (string?)null)).ToList()
            : [.. definitions.Select(port => (Port: (int)port!["port"]!, Name: (string?)port["name"]))];
        if (mode == "Host")
            return $"Host  {string.Join(' ', (wanted ?? [(0, "default")]).Select(port => $"/{port.Port}/{port.Name}"))}";
        var shown = (mapped?.Count > 0 ? mapped : old ?? mapped)?
            .Select(port => $"{port!["containerPort"]}/{port["servicePort"]}/")
            .ToList();
        shown ??= ["0/0/default"];
        while (shown.Count < wanted?.Count) shown.Add("0/0/");
        return $"{mode} {name} {string.Join(' ', shown)}";
    }
}
