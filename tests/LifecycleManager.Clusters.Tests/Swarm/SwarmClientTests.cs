using System.Text.Json.Nodes;

namespace LifecycleManager.Clusters.Tests.Swarm;

/// <summary>Against the documented shapes of the Docker Engine's API.</summary>
public sealed class SwarmClientTests : ClientTests
{
    [Fact]
    public async Task Swarm_updates_the_whole_service_over_the_socket_with_the_version_it_has_read()
    {
        var socket = Path.Combine(Folder, "docker.sock");
        await using var engine = await FakeServer.StartAsync(kestrel => kestrel.ListenUnixSocket(socket));
        var index = 41UL;
        const string Spec =
            """{"Name":"search","Labels":{"a":"b"},"TaskTemplate":{"ContainerSpec":{"Image":"x@sha256:1","Env":["A=1"]}},"Mode":{"Replicated":{"Replicas":2}},"UpdateConfig":{"Parallelism":1}}""";
        engine.Answer = request => request.ToString() switch
        {
            "GET /services?status=true" => (200, $$"""
                [{"ID":"s1","Version":{"Index":41},"Spec":{{Spec}},"ServiceStatus":{"RunningTasks":1,"DesiredTasks":2,"CompletedTasks":0},"UpdateStatus":{"State":"updating"} },
                 {"ID":"s2","Version":{"Index":1},"Spec":{"Name":"agent","Mode":{"Global":{} } } }]
                """),
            "GET /services/search" => (200, $$"""{"ID":"s1","Version":{"Index":{{index}} },"Spec":{{Spec}} }"""),
            "POST /services/s1/update?version=41" => Conflict(),
            "POST /services/s1/update?version=42" => (200, """{"Warnings":null}"""),
            _ => (404, """{"message":"service nothing not found"}"""),
        };
        (int, string) Conflict()
        {
            index = 42;
            return (500, """{"message":"rpc error: code = Unknown desc = update out of sequence"}""");
        }

        var client = Client(new Uri("unix://" + socket));
        var app = Assert.Single(await client.ListAsync(default));
        Assert.Equal(("/search", 2, 1, 1, true), (app.Id, app.Instances, app.Running, app.Staged, app.Deploying));

        await client.SetCountAsync(ToThree("s1"), default);
        var sent = JsonNode.Parse(engine.Requests.Last().Body)!;
        sent["Mode"]!["Replicated"]!["Replicas"] = 2;
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Spec), sent));
        await FailsAsync(
            ClusterFault.NotFound, () => client.SetCountAsync(ToThree("s1") with { Workload = "/nothing" }, default));
    }

    [Fact]
    public async Task Swarm_says_that_nobody_listens_and_that_the_node_is_no_manager()
    {
        var nobody = Client(new Uri($"unix://{Folder}/nothing.sock"));
        Assert.Contains("cannot be reached",
            (await Assert.ThrowsAsync<ClusterException>(() => nobody.ListAsync(default))).Message);
        Server.Answer = _ => (503, """{"message":"This node is not a swarm manager."}""");
        var worker = Client(Server.Address);
        Assert.Contains("not a swarm manager",
            (await Assert.ThrowsAsync<ClusterException>(() => worker.ListAsync(default))).Message);
    }

    [Fact]
    public async Task Swarm_writes_over_nothing_but_what_was_seen()
    {
        var (count, id) = (15, "s1");
        Server.Answer = request => request.Method == "POST" ? Update() : (200, $$"""
            {"ID":"{{id}}","Version":{"Index":7},"Spec":{"Name":"search","Mode":{"Replicated":{"Replicas":{{count}} } } } }
            """);
        (int, string) Update()
        {
            count = 15;
            return (500, """{"message":"rpc error: code = Unknown desc = update out of sequence"}""");
        }

        var client = Client(Server.Address);
        await FailsAsync(ClusterFault.Outdated, () => client.SetCountAsync(ToThree("s1"), default));
        (count, id) = (2, "s2");
        await FailsAsync(ClusterFault.Outdated, () => client.SetCountAsync(ToThree("s1"), default));

        // Its own change, whose answer was lost.
        count = 3;
        Assert.Equal(new CountChanged(), await client.SetCountAsync(ToThree("s2"), default));
        Assert.DoesNotContain(Server.Requests, request => request.Method == "POST");

        // Somebody is quicker: what is read then is checked, too.
        count = 2;
        await FailsAsync(ClusterFault.Outdated, () => client.SetCountAsync(ToThree("s2"), default));
        Assert.Single(Server.Requests, request => request.Method == "POST");
    }

    private static CountChange ToThree(string id) => new("/search", 3, new CountSeen(2, id), "p", "why");

    private IClusterClient Client(Uri address) =>
        ClusterClients.Swarm(Http(connection => connection with { Address = address }), address);
}
