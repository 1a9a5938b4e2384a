using System.Text.Json.Nodes;

namespace LifecycleManager.Clusters.Tests.Nomad;

/// <summary>Against the documented shapes of Nomad's API.</summary>
public sealed class NomadClientTests : ClientTests
{
    [Fact]
    public async Task Nomad_lists_the_groups_of_service_jobs_and_scales_one()
    {
        Server.Answer = request => request.ToString() switch
        {
            var r when r.StartsWith("GET /v1/jobs", StringComparison.Ordinal) => (200, """
                [{"ID":"team/api","Namespace":"default","Type":"service","Status":"running","Stop":false,"Meta":{"tier":"web"}},
                 {"ID":"nightly","Namespace":"default","Type":"batch","Status":"running","Stop":false,"Meta":null},
                 {"ID":"gone","Namespace":"default","Type":"service","Status":"running","Stop":false,"Meta":null}]
                """),
            var r when r.StartsWith("GET /v1/deployments", StringComparison.Ordinal) =>
                (200, """[{"ID":"x","JobID":"team/api","Namespace":"default","Status":"running"}]"""),
            "GET /v1/job/team%2Fapi/scale?namespace=default" => (200, """
                {"JobID":"team/api","JobCreateIndex":4,"JobModifyIndex":8,"JobStopped":false,"TaskGroups":{"web":{"Desired":3,"Placed":3,"Running":2,"Healthy":1,"Unhealthy":1,"Events":null},
                "cache":{"Desired":1,"Placed":1,"Running":1,"Healthy":0,"Unhealthy":0,"Events":null}}}
                """),
            "POST /v1/job/team%2Fapi/scale?namespace=default" =>
                (200, """{"EvalID":"e1","EvalCreateIndex":5,"JobModifyIndex":9,"Warnings":""}"""),
            _ => (404, "job not found"),
        };
        var token = Write("token", "0ec3-secret\n");
        var client = Client(token);

        var workloads = await client.ListAsync(default);
        Assert.Equal(["/team/api/cache", "/team/api/web"], workloads.Select(workload => workload.Id));
        Assert.Equal((3, 2, 1, 1, true), (workloads[1].Instances, workloads[1].Running, workloads[1].Healthy, workloads[1].Staged,
            workloads[1].Deploying));
        Assert.Equal((1, "web"), (workloads[0].Healthy, workloads[0].Labels!["tier"]));
        var result = await client.SetCountAsync(new CountChange("/team/api/web", 4, new CountSeen(3, "4"), "p", "why"), default);

        Assert.Equal(new CountChanged(null, "e1"), result);
        var post = Server.Requests.Last();
        var body = JsonNode.Parse(post.Body)!;
        Assert.Equal((4, "web", "policy p: why"), (
            body["Count"]!.GetValue<int>(), body["Target"]!["Group"]!.GetValue<string>(), body["Message"]!.GetValue<string>()));
        Assert.Equal((true, 8), (body["EnforceIndex"]!.GetValue<bool>(), body["JobModifyIndex"]!.GetValue<int>()));
        Assert.All(Server.Requests, request => Assert.Equal("0ec3-secret", request.Headers["X-Nomad-Token"]));
    }

    [Fact]
    public async Task Nomad_conflicts_while_a_deployment_is_active_and_tells_the_count_after_a_lost_answer()
    {
        var post = (400, "job scaling blocked due to active deployment");
        Server.Answer = request => request.Method == "POST" ? post : (200, Group(2));
        var client = Client();
        await FailsAsync(ClusterFault.Conflict, () => client.SetCountAsync(ToFour(), default));

        post = (500, "no cluster leader");
        await FailsAsync(ClusterFault.Unavailable, () => client.SetCountAsync(ToFour(), default));
        Assert.Equal(new CountSeen(2, "4"), await client.CountAsync("/api/web", default));
        Assert.Null(await client.CountAsync("/api/other", default));
        await FailsAsync(ClusterFault.NotFound, () => client.SetCountAsync(ToFour() with { Workload = "/api" }, default));
        await FailsAsync(ClusterFault.NotFound, () => client.SetCountAsync(ToFour() with { Workload = "/api/x" }, default));
    }

    [Fact]
    public async Task Nomad_writes_over_nothing_but_what_was_seen()
    {
        var (count, made) = (15, 4);
        Server.Answer = request => request.Method == "POST" ? (200, "{}") : (200, Group(count, made));
        var client = Client();
        await FailsAsync(ClusterFault.Outdated, () => client.SetCountAsync(ToFour(), default));
        (count, made) = (2, 5);
        await FailsAsync(ClusterFault.Outdated, () => client.SetCountAsync(ToFour(), default));

        // Its own change, whose answer was lost.
        (count, made) = (4, 4);
        Assert.Equal(new CountChanged(), await client.SetCountAsync(ToFour(), default));
        Assert.DoesNotContain(Server.Requests, request => request.Method == "POST");
    }

    [Fact]
    public async Task Nomad_checks_again_where_the_job_is_at_another_index()
    {
        var count = 2;
        Server.Answer = request =>
        {
            if (request.Method == "GET") return (200, Group(count));
            count = 15;
            return (500, "Enforcing job modify index 8: job exists with conflicting job modify index: 9");
        };
        await FailsAsync(ClusterFault.Outdated, () => Client().SetCountAsync(ToFour(), default));
        Assert.Single(Server.Requests, request => request.Method == "POST");
    }

    [Fact]
    public async Task A_token_is_sent_once_in_each_attempt()
    {
        var attempts = 0;
        Server.Answer = _ => attempts++ == 0 ? (503, "no leader") : (200, """{"TaskGroups":{}}""");
        await Client(Write("token", "0ec3-secret")).CountAsync("/api/web", default);
        Assert.Equal(["0ec3-secret", "0ec3-secret"], Server.Requests.Select(request => request.Headers["X-Nomad-Token"]));
    }

    private static CountChange ToFour() => new("/api/web", 4, new CountSeen(2, "4"), "p", "why");

    private static string Group(int count, int made = 4) => $$$"""
        {"JobCreateIndex":{{{made}}},"JobModifyIndex":8,
        "TaskGroups":{"web":{"Desired":{{{count}}},"Placed":0,"Running":0,"Healthy":0,"Unhealthy":0} } }
        """;

    private IClusterClient Client(string? tokenFile = null) => ClusterClients.Nomad(
        Http(connection => connection with { TokenFile = tokenFile, TokenHeader = ClusterClients.NomadTokenHeader }),
        Server.Address, "default");
}
