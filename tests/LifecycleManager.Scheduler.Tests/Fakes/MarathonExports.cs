using System.Text.Json.Nodes;

namespace LifecycleManager.Scheduler.Tests.Fakes;

/// <summary>
/// Definitions of all kinds as <c>GET /v2/apps/{id}</c> of six versions of Marathon shows them: each with the notation and the
/// fields of its time, answer-only ones and nulls included.
/// </summary>
internal static class MarathonExports
{
    private const string Time = "2017-03-01T10:00:00.000Z";

    /// <summary>The versions; each field and notation below says from which on, and until which, it is shown.</summary>
    public static readonly IReadOnlyList<double> Versions = [0.8, 0.15, 1.1, 1.4, 1.5, 1.11];

    /// <summary>What the kinds of apps have beside the defaults; containers are written by each version.</summary>
    public static readonly IReadOnlyDictionary<string, string> Kinds = new Dictionary<string, string>
    {
        ["cmd"] = """{"cmd":"sleep 1000"}""",
        ["args"] = """{"args":["sleep","1000"],"user":"nobody"}""",
        ["env"] = """{"cmd":"env","env":{"A":"b","EMPTY":""},"labels":{"team":"x","HAPROXY_0_VHOST":"a.example.com"}}""",
        ["ports"] = """{"cmd":"serve $PORT0","ports":[10101,10102],"requirePorts":false}""",
        ["no-ports"] = """{"cmd":"work","ports":[]}""",
        ["constraints"] = """{"cmd":"x","constraints":[["hostname","UNIQUE"],["rack","GROUP_BY","2"],["rack","LIKE",".*"]]}""",
        ["http-check"] =
            """
            {"cmd":"x","ports":[10103],"healthChecks":[{"path":"/health","protocol":"HTTP","portIndex":0,"gracePeriodSeconds":300,
             "intervalSeconds":60,"timeoutSeconds":20,"maxConsecutiveFailures":3,"ignoreHttp1xx":false}]}
            """,
        ["command-check"] =
            """
            {"cmd":"x","healthChecks":[{"protocol":"COMMAND","portIndex":0,"command":{"value":"true"},"gracePeriodSeconds":10,
             "intervalSeconds":10,"timeoutSeconds":5,"maxConsecutiveFailures":0,"ignoreHttp1xx":false}]}
            """,
        ["tcp-check"] = """{"cmd":"x","ports":[0],"healthChecks":[{"path":"/","protocol":"TCP","portIndex":0}]}""",
        ["uris"] = """{"cmd":"x","uris":["http://h/app.tar.gz","http://h/app.jar"]}""",
        ["upgrade"] = """{"cmd":"x","upgradeStrategy":{"minimumHealthCapacity":0.5,"maximumOverCapacity":0.2}}""",
        ["dependencies"] = """{"cmd":"x","dependencies":["/cmd-0-8"]}""",
        ["backoff"] = """{"cmd":"x","backoffSeconds":5,"backoffFactor":2.0,"maxLaunchDelaySeconds":3600}""",
        ["roles"] = """{"cmd":"x","acceptedResourceRoles":["slave_public","*"]}""",
        ["bridge"] = """{"docker":"BRIDGE","ports":[10104],"mappings":[{"containerPort":80,"hostPort":0,"servicePort":10104}]}""",
        ["bridge-two"] =
            """
            {"docker":"BRIDGE","ports":[10105,10106],"mappings":[{"containerPort":80,"hostPort":0,"servicePort":10105},
             {"containerPort":53,"hostPort":0,"servicePort":10106,"protocol":"udp"}]}
            """,
        ["bridge-bare"] = """{"docker":"BRIDGE","ports":[10107],"mappings":[]}""",
        ["host"] = """{"docker":"HOST","ports":[10108],"mappings":[]}""",
        ["host-check"] =
            """{"docker":"HOST","ports":[10109],"mappings":[],"healthChecks":[{"path":"/","protocol":"HTTP","portIndex":0}]}""",
        ["user"] = """{"docker":"USER","name":"dmz","ports":[],"mappings":[{"containerPort":80,"servicePort":10110}]}""",
        ["docker-cmd"] = """{"cmd":"serve","docker":"HOST","ports":[0],"mappings":[]}""",
    };

    /// <summary>A kind as a version shows it.</summary>
    public static JsonObject Write(string kind, double version)
    {
        var app = JsonNode.Parse(Kinds[kind])!.AsObject();
        app["id"] = $"/{kind}-{version.ToString(System.Globalization.CultureInfo.InvariantCulture).Replace('.', '-')}";
        var (docker, name) = ((string?)app["docker"], (string?)app["name"]);
        var (mappings, ports) = (app["mappings"]?.AsArray(), app["ports"]?.DeepClone());
        foreach (var internalOnly in new[] { "docker", "name", "mappings" }) app.Remove(internalOnly);

        // No two of them share a service port.
        var shift = Versions.ToList().IndexOf(version) * 100;
        ports ??= new JsonArray(10_120 + Kinds.Keys.ToList().IndexOf(kind));
        app["ports"] = new JsonArray([.. ports.AsArray().Select(port => (int)port!)
            .Select(port => JsonValue.Create(port == 0 ? 0 : port + shift))]);
        if (docker is not null) Container(app, docker, name, mappings!, shift, version);
        if (version >= 1.1 && (docker is null or "HOST" || version < 1.5)) Definitions(app, version);
        if (version >= 1.5) app.Remove("ports");
        if (version >= 1.5 && docker is null) app["networks"] = new JsonArray(new JsonObject { ["mode"] = "host" });
        Files(app, version);
        Answers(app, version);
        return app;
    }

    private static void Container(JsonObject app, string docker, string? name, JsonArray mappings, int shift, double version)
    {
        var image = new JsonObject { ["image"] = "nginx:1.13", ["privileged"] = false, ["parameters"] = new JsonArray() };
        var container = new JsonObject { ["type"] = "DOCKER", ["volumes"] = new JsonArray(), ["docker"] = image };
        if (version >= 0.15) image["forcePullImage"] = false;
        foreach (var mapping in mappings)
        {
            mapping!["servicePort"] = (int)mapping["servicePort"]! + shift;
            mapping["protocol"] ??= "tcp";
            if (version >= 1.1) mapping["labels"] = new JsonObject();
        }

        if (version < 1.5)
        {
            image["network"] = docker;

            // On the host's network Marathon shows what was posted once, and no mappings as null or as none.
            image["portMappings"] = docker == "HOST" ? (version < 1.1 ? null : new JsonArray()) : mappings.DeepClone();
            if (docker == "USER") app["ipAddress"] = new JsonObject
            {
                ["groups"] = new JsonArray(),
                ["labels"] = new JsonObject(),
                ["networkName"] = name,
                ["discovery"] = new JsonObject { ["ports"] = new JsonArray() },
            };
        }
        else
        {
            if (docker != "HOST") container["portMappings"] = mappings.DeepClone();
            app["networks"] = new JsonArray(docker switch
            {
                "HOST" => new JsonObject { ["mode"] = "host" },
                "BRIDGE" => new JsonObject { ["mode"] = "container/bridge" },
                _ => new JsonObject { ["mode"] = "container", ["name"] = name },
            });
        }

        app["container"] = container;
    }

    private static void Definitions(JsonObject app, double version)
    {
        if (app["ipAddress"] is not null) return;
        app["portDefinitions"] = new JsonArray([.. app["ports"]!.AsArray().Select(port => new JsonObject
        {
            ["port"] = (int)port!, ["protocol"] = "tcp", ["labels"] = new JsonObject(),
            ["name"] = version >= 1.5 ? $"port-{app["ports"]!.AsArray().IndexOf(port)}" : null,
        })]);
    }

    private static void Files(JsonObject app, double version)
    {
        var uris = app["uris"]?.AsArray() ?? [];
        if (version >= 1.1)
        {
            app["fetch"] = new JsonArray([.. uris.Select(uri => new JsonObject
            {
                ["uri"] = (string?)uri, ["extract"] = ((string)uri!).EndsWith(".gz", StringComparison.Ordinal),
                ["executable"] = false, ["cache"] = false,
            })]);
        }

        if (version >= 1.5) app.Remove("uris");
        else app["uris"] = uris.DeepClone();
    }

    private static void Answers(JsonObject app, double version)
    {
        Defaults(app, """
            {"instances":1,"cpus":0.1,"mem":16.0,"disk":0.0,"executor":"","env":{},"constraints":[],"backoffSeconds":1,
             "backoffFactor":1.15,"maxLaunchDelaySeconds":3600,"healthChecks":[],"dependencies":[],"labels":{},
             "requirePorts":false,
             "upgradeStrategy":{"minimumHealthCapacity":1.0,"maximumOverCapacity":1.0},"version":"TIME","tasksStaged":0,
             "tasksRunning":1,"tasksHealthy":0,"tasksUnhealthy":0,"deployments":[],"tasks":[{"id":"x","appId":"/x","host":"h",
             "ports":[31000],"stagedAt":"TIME","startedAt":"TIME","version":"TIME",
             "healthCheckResults":[{"alive":true,"taskId":"x"}]}]}
            """);
        if (version < 1.5) Defaults(app, """
            {"cmd":null,"args":null,"user":null,"container":null,"storeUrls":[],"acceptedResourceRoles":null,"ipAddress":null}
            """);
        if (version == 0.8) Defaults(app, """{"taskRateLimit":null}""");
        if (version >= 0.15) Defaults(app, """{"versionInfo":{"lastScalingAt":"TIME","lastConfigChangeAt":"TIME"}}""");
        if (version >= 1.1) Defaults(app, """{"residency":null,"readinessChecks":[],"secrets":{}}""");
        if (version >= 1.1 && version < 1.5) Defaults(app, """{"taskKillGracePeriodSeconds":null,"lastTaskFailure":null}""");
        if (version >= 1.4) Defaults(app, """
            {"killSelection":"YOUNGEST_FIRST","gpus":0,
             "unreachableStrategy":{"inactiveAfterSeconds":300,"expungeAfterSeconds":600}}
            """);
        if (version >= 1.11) Defaults(app, """{"role":"*","tty":false}""");
        if (version is 0.8 or >= 1.5) return;
        app["lastTaskFailure"] = new JsonObject { ["appId"] = (string)app["id"]!, ["state"] = "TASK_FAILED" };
    }

    private static void Defaults(JsonObject app, string fields)
    {
        foreach (var (name, value) in JsonNode.Parse(fields.Replace("TIME", Time, StringComparison.Ordinal))!.AsObject())
            if (!app.ContainsKey(name)) app[name] = value?.DeepClone();
    }
}
