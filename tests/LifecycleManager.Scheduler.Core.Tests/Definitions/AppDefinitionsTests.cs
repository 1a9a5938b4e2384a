using System.Text;
using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;

namespace LifecycleManager.Scheduler.Core.Tests.Definitions;

public sealed class AppDefinitionsTests
{
    private static readonly DefinitionRules Rules = new();

    [Fact]
    public void A_short_definition_has_marathons_defaults()
    {
        var app = Create("""{"id":"sleeper","cmd":"sleep 100"}""");
        Assert.Equal((new AppId("/sleeper"), 1, 1d, 128d, 0d), (app.Id, app.Instances, app.Cpus, app.Mem, app.Disk));
        Assert.Equal(new Backoff(TimeSpan.FromSeconds(1), 1.15, TimeSpan.FromSeconds(300)), app.Backoff);
        Assert.Equal((1d, 1d), (app.MinimumHealthCapacity, app.MaximumOverCapacity));
        Assert.Equal(KillSelection.YoungestFirst, app.KillSelection);
        Assert.Equal(new UnreachableStrategy(TimeSpan.Zero, TimeSpan.Zero), app.Unreachable);
        Assert.Equal(NetworkMode.Host, app.Network);
        var port = Assert.Single(app.Ports);
        Assert.Equal((null, 0, 0, "tcp", "default"), (port.ContainerPort, port.HostPort, port.ServicePort, port.Protocol,
            port.Name));
        Assert.Equal(["*"], app.AcceptedResourceRoles);
        Assert.Null(app.KillGracePeriod);
        Assert.False(app.IsDocker);
    }

    [Theory]
    [InlineData(
        """{"id":"a","container":{"type":"DOCKER","docker":{"image":"i","network":"BRIDGE","portMappings":[{"containerPort":80,"hostPort":0,"servicePort":10000}]}}}""")]
    [InlineData(
        """
        {"id":"/a","container":{"docker":{"type":"DOCKER","image":"i","network":"bridge",
         "portMappings":[{"containerPort":80,"servicePort":10000}]}},"networks":[]}
        """)]
    [InlineData(
        """{"id":"//a/","container":{"docker":{"image":"i"},"portMappings":[{"containerPort":80,"servicePort":10000}]},"networks":[{"mode":"container/bridge"}]}""")]
    [InlineData(
        """{"id":"a","container":{"docker":{"image":"i"},"portMappings":[{"containerPort":80,"servicePort":10000,"protocol":"TCP"}]},"ipAddress":null,"networks":[{"mode":"Container/Bridge"}]}""")]
    public void The_notations_of_bridged_ports_are_one(string json)
    {
        var canonical = Create("""
            {"id":"/a","networks":[{"mode":"container/bridge"}],
             "container":{"type":"DOCKER","docker":{"image":"i"},"portMappings":[{"containerPort":80,"hostPort":0,"servicePort":10000,"protocol":"tcp"}]}}
            """);
        Assert.True(canonical.SameAs(Create(json)));
        Assert.Equal(new PortSpec(80, 0, 10_000), canonical.Ports[0] with { Labels = null });
    }

    [Theory]
    [InlineData("""{"id":"a","cmd":"x","ports":[10001,0]}""")]
    [InlineData("""{"id":"a","cmd":"x","portDefinitions":[{"port":10001},{"port":0}]}""")]
    [InlineData(
        """{"id":"a","cmd":"x","ports":[10001,0],"portDefinitions":[{"port":10001},{"port":0}],"networks":[{"mode":"host"}]}""")]
    public void The_notations_of_ports_on_the_host_are_one(string json)
    {
        var app = Create(json);
        Assert.Equal([10_001, 0], app.Ports.Select(port => port.ServicePort));
        Assert.All(app.Ports, port => Assert.Equal(0, port.HostPort));
        Assert.Null(app.Wire.Ports);
    }

    [Theory]
    [InlineData(
        """{"id":"a","networks":[{"mode":"container","name":"dmz"}],"container":{"docker":{"image":"i"},"portMappings":[{"containerPort":80},{"containerPort":81,"hostPort":0}]}}""")]
    [InlineData(
        """{"id":"a","ipAddress":{"networkName":"dmz","groups":[],"discovery":{"ports":[]}},"container":{"docker":{"image":"i","network":"USER","portMappings":[{"containerPort":80},{"containerPort":81,"hostPort":0}]}}}""")]
    public void On_a_named_network_a_port_is_published_where_it_says_so(string json)
    {
        var app = Create(json);
        Assert.Equal((NetworkMode.Container, "dmz"), (app.Network, app.Wire.Networks![0].Name));
        Assert.Equal([null, 0], app.Ports.Select(port => port.HostPort));
    }

    /// <summary>As Marathon's normalization has it: ports of the other kind of network go.</summary>
    [Theory]
    [InlineData(
        """
        {"id":"a","ports":[10019],"container":
         {"docker":{"image":"i","network":"BRIDGE","portMappings":[{"containerPort":80,"servicePort":10019}]}}}
        """,
        "80:10019")]
    [InlineData(
        """
        {"id":"a","portDefinitions":[{"port":1},{"port":2}],"networks":[{"mode":"container/bridge"}],
         "container":{"docker":{"image":"i"},"portMappings":[{"containerPort":80}]}}
        """,
        "80:0 0:0")]
    [InlineData("""{"id":"a","ports":[7,8],"container":{"docker":{"image":"i","network":"BRIDGE"}}}""", "0:0 0:0")]
    [InlineData(
        """{"id":"a","ports":[7],"container":{"docker":{"image":"i","network":"HOST","portMappings":[{"containerPort":80}]}}}""",
        ":7")]
    [InlineData(
        """
        {"id":"a","ports":[],"portDefinitions":[{"port":7}],"networks":[{"mode":"host"}],
         "container":{"docker":{"image":"i"},"portMappings":[{"containerPort":80}]}}
        """,
        ":7")]
    public void Ports_of_the_other_kind_of_network_are_dropped(string json, string ports) =>
        Assert.Equal(ports, string.Join(' ', Create(json).Ports.Select(port => $"{port.ContainerPort}:{port.ServicePort}")));

    [Fact]
    public void A_network_of_the_notation_before_networks_needs_no_docker_network()
    {
        var app = Create("""
            {"id":"a","ipAddress":{"networkName":"dmz"},
             "container":{"docker":{"image":"i"},"portMappings":[{"containerPort":80}]}}
            """);
        Assert.Equal((NetworkMode.Container, "dmz"), (app.Network, app.Wire.Networks![0].Name));
    }

    [Fact]
    public void A_variable_may_be_a_secret() =>
        Assert.Equal("p",
            Create("""{"id":"a","cmd":"x","env":{"A":{"secret":"s"}},"secrets":{"s":{"source":"p"}}}""").Wire.Secrets![
                "s"].Source);

    [Fact]
    public void Required_ports_are_host_ports()
    {
        Assert.Equal(8080, Create("""{"id":"a","cmd":"x","ports":[8080],"requirePorts":true}""").Ports[0].HostPort);
    }

    [Fact]
    public void A_definition_is_the_same_after_it_was_stored()
    {
        foreach (var json in new[] { Samples.Text("search"),
            """{"id":"a","cmd":"x","unreachableStrategy":"disabled","constraints":[["hostname","UNIQUE"]]}""" })
        {
            var app = Create(json);
            var stored = JsonSerializer.Deserialize(JsonSerializer.SerializeToUtf8Bytes(app.Wire, MarathonJson.Default.App),
                MarathonJson.Default.App)!;
            Assert.True(app.SameAs(AppDefinition.FromWire(stored)));
        }

        Assert.Null(Create("""{"id":"a","cmd":"x","unreachableStrategy":"disabled"}""").Unreachable);
    }

    [Theory]
    [InlineData("""{"cmd":"x"}""", "/id", "must not be empty")]
    [InlineData("""{"id":"/","cmd":"x"}""", "/id", "must not be empty")]
    [InlineData("""{"id":"a_b","cmd":"x"}""", "/id", "regular expression")]
    [InlineData("""{"id":"a/-b","cmd":"x"}""", "/id", "regular expression")]
    [InlineData("""{"id":"a/b-/c","cmd":"x"}""", "/id", "regular expression")]
    [InlineData("""{"id":"a/b..c","cmd":"x"}""", "/id", "regular expression")]
    [InlineData("""{"id":"ünicode","cmd":"x"}""", "/id", "regular expression")]
    [InlineData("""{"id":"a/tasks","cmd":"x"}""", "/id", "tasks")]
    [InlineData("""{"id":"a"}""", "/", "'cmd' or 'args'")]
    [InlineData("""{"id":"a","cmd":"x","args":["y"]}""", "/", "both 'cmd' and 'args'")]
    [InlineData("""{"id":"a","cmd":"x\u0000"}""", "/cmd", "NUL")]
    [InlineData("""{"id":"a","cmd":"\ud800"}""", "/cmd", "Unicode")]
    [InlineData("""{"id":"a","cmd":"x","cpus":-0.1}""", "/cpus", "between")]
    [InlineData("""{"id":"a","cmd":"x","mem":1e300}""", "/mem", "between")]
    [InlineData("""{"id":"a","cmd":"x","mem":1e999}""", "/mem", "too large")]
    [InlineData("""{"id":"a","cmd":"x","instances":-1}""", "/instances", "between")]
    [InlineData("""{"id":"a","cmd":"x","instances":1e10}""", "/instances", "whole number")]
    [InlineData("""{"id":"a","cmd":"x","upgradeStrategy":{"minimumHealthCapacity":1.1}}""",
        "/upgradeStrategy/minimumHealthCapacity", "between 0 and 1")]
    [InlineData("""{"id":"a","cmd":"x","backoffFactor":0.5}""", "/backoffFactor", "between")]
    [InlineData("""{"id":"a","cmd":"x","killSelection":"OLDEST"}""", "/killSelection", "must be one of")]
    [InlineData("""{"id":"a","cmd":"x","unreachableStrategy":"off"}""", "/unreachableStrategy", "disabled")]
    [InlineData("""{"id":"a","cmd":"x","unreachableStrategy":{"inactiveAfterSeconds":5}}""", "/unreachableStrategy",
        "expungeAfterSeconds")]
    [InlineData("""{"id":"a","cmd":"x","unreachableStrategy":{"inactiveAfter":5}}""", "/unreachableStrategy/inactiveAfter",
        "known field")]
    [InlineData("""{"id":"a","cmd":"x","dependencies":["a"]}""", "/dependencies(0)", "itself")]
    [InlineData("""{"id":"/g/a","cmd":"x","dependencies":["/g"]}""", "/dependencies(0)", "contains the app")]
    [InlineData("""{"id":"a","cmd":"x","ports":[80,80]}""", "/portDefinitions(1)/port", "unique")]
    [InlineData("""{"id":"a","cmd":"x","ports":[65536]}""", "/portDefinitions(0)/port", "65535")]
    [InlineData("""{"id":"a","cmd":"x","ports":[1],"portDefinitions":[{"port":2}]}""", "/ports", "portDefinitions")]
    [InlineData("""{"id":"a","cmd":"x","portDefinitions":[{"name":"x"},{"name":"x"}]}""", "/portDefinitions(1)/name", "unique")]
    [InlineData("""{"id":"a","cmd":"x","networks":[{"mode":"container/bridge"}]}""", "/networks(0)/mode", "Docker")]
    [InlineData("""{"id":"a","cmd":"x","networks":[{"mode":"bridge"}]}""", "/networks(0)/mode", "must be one of")]
    [InlineData("""{"id":"a","cmd":"x","networks":[{"name":"dcos"}]}""", "/networks(0)/mode", "Docker")]
    [InlineData("""{"id":"a","container":{"docker":{"image":"i","network":"USER"}}}""", "/networks(0)/name", "name of a network")]
    [InlineData(
        """
        {"id":"a","container":{"docker":{"image":"i","network":"USER"}},
         "ipAddress":{"networkName":"n","discovery":{"ports":[{"number":80}]}}}
        """,
        "/ipAddress/discovery", "use portMappings")]
    [InlineData(
        """{"id":"a","container":{"docker":{"image":"i"},"portMappings":[{"containerPort":80}]},"networks":[{"name":"n"}],"healthChecks":[{}]}""",
        "/healthChecks(0)/portIndex", "not published")]
    [InlineData("""{"id":"a","cmd":"x","env":{"A":{"secret":"s"}}}""", "/env/A", "not in 'secrets'")]
    [InlineData("""{"id":"a","cmd":"x","env":{"A":{"secret":"s","more":1}},"secrets":{"s":{"source":"p"}}}""", "/env/A", "text")]
    [InlineData("""{"id":"a","cmd":"x","secrets":{"s":{"source":"../p"}}}""", "/secrets/s/source", "slashes")]
    [InlineData("""{"id":"a","cmd":"x","secrets":{"s":{}}}""", "/secrets/s/source", "missing")]
    [InlineData("""{"id":"a","container":{"docker":{"image":"i","network":"BRIDG"}}}""", "/container/docker/network",
        "did you mean 'BRIDGE'?")]
    [InlineData("""{"id":"a","container":{"docker":{"network":"HOST"}}}""", "/container/docker/image", "image")]
    [InlineData("""{"id":"a","container":{"type":"DOCKER"},"cmd":"x"}""", "/container/docker", "missing")]
    [InlineData("""{"id":"a","container":{"type":"MESOS","docker":{"image":"i"}}}""", "/container/type", "not supported")]
    [InlineData(
        """
        {"id":"a","networks":[{"mode":"container/bridge"}],
         "container":{"docker":{"image":"i"},"portMappings":[{"hostPort":80},{"hostPort":80}]}}
        """,
        "/container/portMappings(1)/hostPort", "taken")]
    [InlineData(
        """{"id":"a","container":{"docker":{"image":"i"},"volumes":[{"containerPath":"/d","hostPath":"/d","mode":"w"}]}}""",
        "/container/volumes(0)/mode", "RW")]
    [InlineData(
        """{"id":"a","container":{"docker":{"image":"i"},"volumes":[{"containerPath":"/d","mode":"RW","persistent":{"size":1}}]}}""", "/container/volumes(0)/persistent", "not supported")]
    [InlineData("""{"id":"a","cmd":"x","container":{"volumes":[{"containerPath":"../d","hostPath":"/d","mode":"RW"}]}}""",
        "/container/volumes(0)/containerPath", "sandbox")]
    [InlineData("""{"id":"a","cmd":"x","healthChecks":[{"portIndex":1}]}""", "/healthChecks(0)/portIndex",
        "must address an element")]
    [InlineData("""{"id":"a","cmd":"x","ports":[],"healthChecks":[{}]}""", "/healthChecks(0)/portIndex",
        "must address an element")]
    [InlineData("""{"id":"a","cmd":"x","healthChecks":[{"protocol":"ICMP"}]}""", "/healthChecks(0)/protocol", "must be one of")]
    [InlineData("""{"id":"a","cmd":"x","healthChecks":[{"protocol":"COMMAND"}]}""", "/healthChecks(0)/command", "must be set")]
    [InlineData("""{"id":"a","cmd":"x","healthChecks":[{"protocol":"COMMAND","command":{}}]}""", "/healthChecks(0)/command/value",
        "missing")]
    [InlineData("""{"id":"a","cmd":"x","healthChecks":[{"port":1,"portIndex":0}]}""", "/healthChecks(0)", "either")]
    [InlineData("""{"id":"a","cmd":"x","healthChecks":[{"intervalSeconds":0}]}""", "/healthChecks(0)/intervalSeconds", "between")]
    [InlineData("""{"id":"a","cmd":"x","healthChecks":[{"protocol":"MESOS_TCP"},{"protocol":"MESOS_HTTP"}]}""", "/healthChecks",
        "at most one")]
    [InlineData("""{"id":"a","cmd":"x","readinessChecks":[{}]}""", "/readinessChecks(0)/portName", "http-api")]
    [InlineData("""{"id":"a","cmd":"x","acceptedResourceRoles":[]}""", "/acceptedResourceRoles", "empty")]
    [InlineData("""{"id":"a","cmd":"x","role":"prod"}""", "/role", "not supported")]
    [InlineData("""{"id":"a","cmd":"x","env":{"A":1}}""", "/env/A", "text")]
    [InlineData("""{"id":"a","cmd":"x","env":{"A=B":"1"}}""", "/env/A=B", "name")]
    [InlineData("""{"id":"a","cmd":"x","labels":{"A":1}}""", "/labels/A", "text")]
    [InlineData("""{"id":"a","cmd":"x","gpus":1}""", "/gpus", "not supported")]
    [InlineData("""{"id":"a","cmd":"x","residency":{"taskLostBehavior":"WAIT_FOREVER"}}""", "/residency", "not supported")]
    [InlineData("""{"id":"a","cmd":"x","ipAddress":{}}""", "/networks(0)/name", "must be the name")]
    [InlineData("""{"id":"a","cmd":"x","executor":"/custom"}""", "/executor", "not supported")]
    [InlineData("""{"id":"a","cmd":"x","tty":true}""", "/tty", "not supported")]
    public void What_is_not_valid_is_named(string json, string path, string words)
    {
        var refused = Assert.Throws<ChangeRefusedException>(() => Create(json));
        Assert.True(
            refused.Problems.Any(problem => problem.Path == path && problem.Message.Contains(words, StringComparison.Ordinal)),
            $"no '{words}' at {path}: {refused.Message}");
    }

    [Theory]
    [InlineData("""["hostname","UNIQUE"]""", null)]
    [InlineData("""["hostname","unique"]""", null)]
    [InlineData("""["hostname","CLUSTER"]""", null)]
    [InlineData("""["rack","CLUSTER","r1"]""", null)]
    [InlineData("""["@zone","GROUP_BY"]""", null)]
    [InlineData("""["@zone","GROUP_BY","3"]""", null)]
    [InlineData("""["@region","IS","eu"]""", null)]
    [InlineData("""["rack","LIKE","r[1-3]+|x"]""", null)]
    [InlineData("""["rack","MAX_PER","2"]""", null)]
    [InlineData("""["hostname"]""", "[field, operator]")]
    [InlineData("""["hostname","UNIQUE","1"]""", "not used")]
    [InlineData("""["hostname","UNIQE"]""", "did you mean 'UNIQUE'?")]
    [InlineData("""["@rack","UNIQUE"]""", "must be one of")]
    [InlineData("""["rack","MAX_PER"]""", "number")]
    [InlineData("""["rack","MAX_PER","0"]""", "number")]
    [InlineData("""["rack","GROUP_BY","many"]""", "number")]
    [InlineData("""["rack","IS"]""", "Missing")]
    [InlineData("""["rack","LIKE"]""", "must be provided")]
    [InlineData("""["rack","LIKE","("]""", "regular expression")]
    [InlineData("""["rack","UNLIKE","(?=a)b"]""", "lookarounds")]
    [InlineData("""["rack","LIKE","(a)\\1"]""", "backreferences")]
    [InlineData("""["rack","LIKE","((a{1000}){1000}){1000}"]""", "large counts")]
    public void A_constraint_is_one_of_marathons(string constraint, string? problem)
    {
        var json = $$"""{"id":"a","cmd":"x","constraints":[{{constraint}}]}""";
        if (problem is null)
        {
            Assert.Single(Create(json).Constraints);
            return;
        }

        Assert.Contains(problem, Assert.Throws<ChangeRefusedException>(() => Create(json)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""["rack","IS","a"],["rack","IS","b"]""", 1)]
    [InlineData("""["hostname","CLUSTER","a"],["@hostname","IS","b"]""", 1)]
    [InlineData("""["hostname","CLUSTER"],["hostname","UNIQUE"]""", 2)]
    [InlineData("""["rack","IS","a"],["rack","UNLIKE","[ab]"]""", 1)]
    [InlineData("""["rack","LIKE","b.*"],["rack","CLUSTER","a"]""", 1)]
    public void Constraints_that_nothing_can_satisfy_are_named(string constraints, int instances)
    {
        var json = $$"""{"id":"a","cmd":"x","instances":{{instances}},"constraints":[{{constraints}}]}""";
        Assert.Contains("is impossible", Assert.Throws<ChangeRefusedException>(() => Create(json)).Message,
            StringComparison.Ordinal);
        Create("""{"id":"a","cmd":"x","instances":1,"constraints":[["hostname","CLUSTER"],["hostname","UNIQUE"]]}""");
    }

    [Theory]
    [InlineData("uris", "[\"http://h/a.tgz\",\"file:///b\",\"/c\"]", null)]
    [InlineData("fetch", "[{\"uri\":\"https://h/a\",\"destPath\":\"d/e\",\"executable\":true,\"cache\":true}]", null)]
    [InlineData("fetch", "[{\"uri\":\"https://h/a.tar.xz\",\"extract\":false}]", null)]
    [InlineData("fetch", "[{\"uri\":\"https://h/a.tar.xz\"}]", "/fetch(0): 'a.tar.xz' is not extracted")]
    [InlineData("fetch", "[{\"uri\":\"hdfs://h/a\"}]", "/fetch(0)/uri: 'hdfs' is not supported")]
    [InlineData("fetch", "[{\"uri\":\"a\"}]", "/fetch(0)/uri: must be an address")]
    [InlineData("fetch", "[{\"uri\":\"http://h/\"}]", "/fetch(0)/uri: '' is not a file name")]
    [InlineData("fetch", "[{\"uri\":\"http://h/a#sha256=ab\"}]", "/fetch(0)/uri: has a fragment")]
    [InlineData("fetch", "[{\"uri\":\"http://h/a\",\"destPath\":\"../b\"}]", "/fetch(0)/destPath: '../b' is not a file name")]
    [InlineData("uris", "[\"http://h/a\",\"http://i/a\"]", "/fetch(1)/uri: 'a' is there twice")]
    [InlineData("labels",
        "{\"lcm.placement\":\"random\",\"lcm.priority\":\"-3\",\"lcm.rollback.after\":\"1.5m\",\"lcm.canary\":\"1 pause\"}",
        null)]
    [InlineData("labels", "{\"lcm.placement\":\"pack\"}",
        "/labels/lcm.placement: 'pack' must be one of spread, bin-packing, random")]
    [InlineData("labels", "{\"lcm.priority\":\"high\"}", "/labels/lcm.priority: 'high' must be a whole number")]
    [InlineData("labels", "{\"lcm.drain\":\"61m\"}", "/labels/lcm.drain: '61m' must be a time of an hour at most")]
    [InlineData("labels", "{\"lcm.drain\":\"soon\"}", "/labels/lcm.drain: 'soon' must be a time of an hour at most")]
    [InlineData("labels", "{\"lcm.rollback.after\":\"0\"}", "/labels/lcm.rollback.after: '0' must be a time")]
    [InlineData("labels", "{\"lcm.canary\":\"all\"}", "/labels/lcm.canary: 'all' must be stages")]
    public void What_is_fetched_and_what_labels_ask_for_is_taken_or_refused_by_name(string field, string value, string? problem)
    {
        var json = $$"""{"id":"a","cmd":"x","{{field}}":{{value}}}""";
        if (problem is null) Assert.NotNull(Create(json));
        else Assert.Contains(problem, Assert.Throws<ChangeRefusedException>(() => Create(json)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_partial_update_changes_what_it_says()
    {
        var app = Create(Samples.Text("search"));
        var scaled = Update(app, """{"instances":4}""");
        Assert.Equal(4, scaled.Instances);
        Assert.True(scaled.SameAs(app, count: false));

        var renamed =
            Update(app,
                """{"container":{"docker":{"image":"other","network":"BRIDGE","portMappings":[{"containerPort":0,"hostPort":8090}]}}}""");
        Assert.Equal("other", renamed.Wire.Container!.Docker!.Image);
        Assert.Equal(8090, renamed.Ports[0].HostPort);

        var host = Update(app, """{"networks":[{"mode":"host"}],"portDefinitions":[{"port":8090}]}""");
        Assert.Equal((NetworkMode.Host, 8090), (host.Network, host.Ports[0].ServicePort));
        Assert.True(host.IsDocker);

        var withArgs = Update(Create("""{"id":"a","cmd":"x"}"""), """{"args":["y"]}""");
        Assert.Equal((null, "y"), (withArgs.Wire.Cmd, withArgs.Wire.Args![0]));
        Assert.Equal(["/g/b"], Update(Create("""{"id":"/g/a","cmd":"x"}"""),
            """{"dependencies":["b"]}""").Dependencies.Select(id => id.Path));
    }

    [Fact]
    public void Service_ports_are_given_once_and_kept()
    {
        var root = GroupDefinition.Empty
            .PutApp(Create("""{"id":"/a","cmd":"x","ports":[0,10000]}"""))
            .PutApp(Create("""{"id":"/g/b","cmd":"x","ports":[0]}"""));
        var given = ServicePorts.Assign(root, GroupDefinition.Empty, Rules);
        Assert.Equal([10_001, 10_000], given.FindApp(new AppId("/a"))!.Ports.Select(port => port.ServicePort));
        Assert.Equal(10_002, given.FindApp(new AppId("/g/b"))!.Ports[0].ServicePort);

        var again = ServicePorts.Assign(given.PutApp(Create("""{"id":"/a","cmd":"y","ports":[0,0,0]}""")), given, Rules);
        Assert.Equal([10_001, 10_000, 10_003], again.FindApp(new AppId("/a"))!.Ports.Select(port => port.ServicePort));
        Assert.Throws<ChangeRefusedException>(() => ServicePorts.Assign(root, GroupDefinition.Empty,
            Rules with { LastServicePort = 10_001 }));
    }

    private static AppDefinition Create(string json) =>
        AppDefinitions.Create(AppDefinitions.ReadApp(Encoding.UTF8.GetBytes(json)), AppId.Root, Rules);

    private static AppDefinition Update(AppDefinition app, string json) =>
        AppDefinitions.Update(app, AppDefinitions.ReadApp(Encoding.UTF8.GetBytes(json)), Rules);
}
