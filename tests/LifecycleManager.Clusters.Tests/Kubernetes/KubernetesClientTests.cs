using System.Text.Json.Nodes;

namespace LifecycleManager.Clusters.Tests.Kubernetes;

/// <summary>Against the documented shapes of Kubernetes' API.</summary>
public sealed class KubernetesClientTests : ClientTests
{
    [Fact]
    public async Task Kubernetes_lists_deployments_page_by_page()
    {
        Server.Answer = request => request.Target.Contains("continue=abc", StringComparison.Ordinal)
            ? (200, """{"kind":"DeploymentList","metadata":{},"items":[{"metadata":{"name":"b","namespace":"shop","uid":"u2","generation":3},"spec":{},"status":{"observedGeneration":2}}]}""")
            : (200, """
                {"kind":"DeploymentList","metadata":{"continue":"abc"},"items":[{"metadata":{"name":"a","namespace":"shop","generation":5,
                "labels":{"team":"search"}},"spec":{"replicas":4},"status":{"replicas":3,"readyReplicas":2,"updatedReplicas":4,"observedGeneration":5}}]}
                """);
        var client = Client("shop", "tier=web");

        var workloads = await client.ListAsync(default);

        Assert.Equal(["/shop/a", "/shop/b"], workloads.Select(workload => workload.Id));
        Assert.Equal((4, 3, 2, 2, false), (workloads[0].Instances, workloads[0].Running, workloads[0].Healthy,
            workloads[0].Staged,
            workloads[0].Deploying));
        Assert.Equal((null, "u2"), (workloads[0].Identity, workloads[1].Identity));
        Assert.Equal((1, 0, true), (workloads[1].Instances, workloads[1].Running, workloads[1].Deploying));
        Assert.StartsWith("/apis/apps/v1/namespaces/shop/deployments?limit=500&labelSelector=tier%3Dweb",
            Server.Requests.First().Target);
    }

    [Fact]
    public async Task Kubernetes_says_which_deployments_are_being_deleted()
    {
        Server.Answer = _ => (200, """
            {"metadata":{},"items":[
            {"metadata":{"name":"a","namespace":"shop","generation":5,"deletionTimestamp":"2026-11-24T19:00:00Z"},"spec":{}},
            {"metadata":{"name":"b","namespace":"shop","generation":5},"spec":{}}]}
            """);
        Assert.Equal([true, false], (await Client().ListAsync(default)).Select(workload => workload.Deleting));
    }

    [Fact]
    public async Task Kubernetes_scales_with_the_resource_version_it_has_read_and_reads_again_after_a_conflict()
    {
        var version = 7;
        Server.Answer = request =>
        {
            if (request.Method == "GET")
            {
                return (200, $$"""
                    {"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"a","namespace":"shop","resourceVersion":"{{version}}"},
                    "spec":{"replicas":2},"status":{"replicas":2,"selector":"app=a"} }
                    """);
            }

            if (JsonNode.Parse(request.Body)!["metadata"]!["resourceVersion"]!.GetValue<string>() == "7")
            {
                version = 8;
                return (409,
                    """{"kind":"Status","status":"Failure","message":"the object has been modified","reason":"Conflict","code":409}""");
            }

            return (200, request.Body);
        };
        var client = Client();

        await client.SetCountAsync(new CountChange("/shop/a", 5, new CountSeen(2), "p", "why"), default);

        var put = Server.Requests.Last();
        Assert.StartsWith("PUT /apis/apps/v1/namespaces/shop/deployments/a/scale", put.ToString());
        Assert.Equal(5, JsonNode.Parse(put.Body)!["spec"]!["replicas"]!.GetValue<int>());
        Assert.Equal("8", JsonNode.Parse(put.Body)!["metadata"]!["resourceVersion"]!.GetValue<string>());
    }

    [Fact]
    public async Task Kubernetes_scales_from_zero_where_the_scale_has_no_spec()
    {
        Server.Answer = request => request.Method == "GET" ? (200, """{"kind":"Scale","metadata":{"resourceVersion":"1"}}""")
            : (200, request.Body);
        var client = Client();

        await client.SetCountAsync(new CountChange("/shop/a", 1, new CountSeen(0), "p", "why"), default);
        Assert.Equal(1, JsonNode.Parse(Server.Requests.Last().Body)!["spec"]!["replicas"]!.GetValue<int>());
    }

    [Fact]
    public async Task Kubernetes_conflicts_without_end_are_postponed_and_missing_rights_named()
    {
        Server.Answer = request => request.Method == "GET" ? (200, """{"metadata":{},"spec":{"replicas":2}}""")
            : (409, """{"message":"modified"}""");
        var client = Client();
        await FailsAsync(ClusterFault.Conflict, () => client.SetCountAsync(ToFive(), default));

        Server.Answer = _ => (403, """{"kind":"Status","message":"deployments.apps is forbidden","code":403}""");
        var e = await Assert.ThrowsAsync<ClusterException>(() => client.ListAsync(default));
        Assert.Contains("(403): deployments.apps is forbidden; they need to list deployments", e.Message);
        Server.Answer = _ => (404, """{"message":"deployments.apps \"a\" not found"}""");
        await FailsAsync(ClusterFault.NotFound, () => client.SetCountAsync(ToFive(), default));
    }

    [Fact]
    public async Task Kubernetes_writes_over_nothing_but_what_was_seen()
    {
        var (replicas, uid) = (15, "u1");
        Server.Answer = request => request.Method == "GET" ? (200, $$"""
            {"kind":"Scale","metadata":{"name":"a","namespace":"shop","uid":"{{uid}}","resourceVersion":"7"},
            "spec":{"replicas":{{replicas}} } }
            """) : (200, request.Body);
        var client = Client();

        var e = await Assert.ThrowsAsync<ClusterException>(() => client.SetCountAsync(ToFive("u1"), default));
        Assert.Equal(ClusterFault.Outdated, e.Fault);
        Assert.Equal("the count is 15, the decision was made from 2; it is decided again", e.Message);

        (replicas, uid) = (2, "u2");
        await FailsAsync(ClusterFault.Outdated, () => client.SetCountAsync(ToFive("u1"), default));
        Assert.Equal(new CountSeen(2, "u2"), await client.CountAsync("/shop/a", default));

        // Its own change, whose answer was lost.
        (replicas, uid) = (5, "u1");
        Assert.Equal(new CountChanged(), await client.SetCountAsync(ToFive("u1"), default));
        Assert.DoesNotContain(Server.Requests, request => request.Method == "PUT");
    }

    [Fact]
    public async Task Kubernetes_checks_again_what_it_reads_after_a_conflict()
    {
        var replicas = 2;
        Server.Answer = request =>
        {
            if (request.Method == "GET")
                return (200, $$"""{"metadata":{"uid":"u1","resourceVersion":"7"},"spec":{"replicas":{{replicas}} } }""");
            replicas = 15;
            return (409, """{"kind":"Status","message":"the object has been modified","reason":"Conflict","code":409}""");
        };
        await FailsAsync(ClusterFault.Outdated, () => Client().SetCountAsync(ToFive("u1"), default));
        Assert.Single(Server.Requests, request => request.Method == "PUT");
    }

    private static CountChange ToFive(string? uid = null) => new("/shop/a", 5, new CountSeen(2, uid), "p", "why");

    private IClusterClient Client(string space = "default", string? selector = null) =>
        ClusterClients.Kubernetes(Http(), Server.Address, space, selector);
}
