using System.Text.Json.Nodes;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Api;

namespace LifecycleManager.Scheduler.OpenApi;

/// <summary>Bodies that are taken as they stand.</summary>
internal static class BodyExamples
{
    private const string App = """
        {
          "id": "/shop/search", "cmd": "exec python3 -m http.server $PORT0", "user": "nobody", "cpus": 0.1, "mem": 64, "disk": 10,
          "gpus": 0, "instances": 2, "env": {"LEVEL": "info"}, "labels": {"team": "shop"}, "requirePorts": false,
          "constraints": [["hostname", "UNIQUE"]], "dependencies": ["/shop/database"],
          "portDefinitions": [{"port": 0, "protocol": "tcp", "name": "http", "labels": {}}],
          "healthChecks": [{"protocol": "HTTP", "path": "/", "portIndex": 0, "gracePeriodSeconds": 60, "intervalSeconds": 10,
            "timeoutSeconds": 5, "maxConsecutiveFailures": 3, "delaySeconds": 1, "ipProtocol": "IPv4", "ignoreHttp1xx": false}],
          "fetch": [{"uri": "https://files.example/data.tgz", "extract": true, "executable": false, "cache": false}],
          "backoffSeconds": 1, "backoffFactor": 1.15, "maxLaunchDelaySeconds": 300, "taskKillGracePeriodSeconds": 3,
          "killSelection": "YOUNGEST_FIRST", "upgradeStrategy": {"minimumHealthCapacity": 0.5, "maximumOverCapacity": 0.2},
          "unreachableStrategy": {"inactiveAfterSeconds": 60, "expungeAfterSeconds": 120}
        }
        """;

    private const string Pod = """
        {
          "id": "/shop/pair", "labels": {"team": "shop"}, "scaling": {"kind": "fixed", "instances": 1},
          "networks": [{"mode": "host"}], "environment": {"LEVEL": "info"},
          "containers": [
            {"name": "serve", "exec": {"command": {"shell": "sleep 1000"}}, "resources": {"cpus": 0.1, "mem": 32, "disk": 0},
              "endpoints": [{"name": "web", "hostPort": 0, "protocol": ["tcp"]}]}]
        }
        """;

    private const string Group = """
        {"id": "/library", "apps": [{"id": "/library/shelf", "cmd": "sleep 1000", "cpus": 0.1, "mem": 32, "instances": 1}]}
        """;

    /// <summary>An operation's; null where it has no body.</summary>
    public static JsonNode? Of(ApiOperation operation)
    {
        if (operation.Body == typeof(App)) return One(App, operation);
        if (operation.Body == typeof(Pod)) return One(Pod, operation);
        if (operation.Body == typeof(Group)) return One(Group, operation);
        if (operation.Body == typeof(IReadOnlyList<App>)) return new JsonArray(JsonNode.Parse(App));
        if (operation.Body == typeof(IReadOnlyList<string>)) return new JsonArray("shop_pair.instance-1");
        return operation.Body is null ? null : new JsonObject { ["ids"] = new JsonArray("shop_search.instance-1._app.1") };
    }

    // Where the path has the id, or is the root's, the body needs none.
    private static JsonObject One(string text, ApiOperation operation)
    {
        var json = JsonNode.Parse(text)!.AsObject();
        if (operation.Method is "POST" && !operation.Path.Contains("{**id}", StringComparison.Ordinal)) return json;
        json.Remove("id");
        if (operation.Body != typeof(Group)) return json;
        json["apps"]![0]!["id"] = "shelf";
        return json;
    }
}
