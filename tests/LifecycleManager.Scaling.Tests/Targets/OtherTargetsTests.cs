using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Scaling.Tests.Fakes;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Scaling.Tests.Targets;

/// <summary>
/// Kubernetes, Nomad and Swarm, each against the documented shapes of its API; and the ways to prove who we are.
/// </summary>
public sealed class OtherTargetsTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-target-").FullName;
    private readonly List<ServiceProvider> _services = [];
    private FakeServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await FakeServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var services in _services) await services.DisposeAsync();
        await _server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Kubernetes_lists_deployments_page_by_page()
    {
        _server.Answer = request => request.Target.Contains("continue=abc", StringComparison.Ordinal)
            ? (200, """{"kind":"DeploymentList","metadata":{},"items":[{"metadata":{"name":"b","namespace":"shop","generation":3},"spec":{},"status":{"observedGeneration":2}}]}""")
            : (200, """
                {"kind":"DeploymentList","metadata":{"continue":"abc"},"items":[{"metadata":{"name":"a","namespace":"shop","generation":5,
                "labels":{"team":"search"}},"spec":{"replicas":4},"status":{"replicas":3,"readyReplicas":2,"updatedReplicas":4,"observedGeneration":5}}]}
                """);
        var target = Use(new TargetOptions { Kind = TargetKind.Kubernetes, Namespace = "shop", LabelSelector = "tier=web" });

        var apps = await target.GetAppsAsync(default);

        Assert.Equal(["/shop/a", "/shop/b"], apps.Select(app => app.Id));
        Assert.Equal((4, 3, 2, 2, false), (apps[0].Instances, apps[0].Running, apps[0].Healthy, apps[0].Staged,
            apps[0].Deploying));
        Assert.Equal((1, 0, true), (apps[1].Instances, apps[1].Running, apps[1].Deploying));
        Assert.StartsWith("/apis/apps/v1/namespaces/shop/deployments?limit=500&labelSelector=tier%3Dweb",
            _server.Requests.First().Target);
    }

    [Fact]
    public async Task Kubernetes_scales_with_the_resource_version_it_has_read_and_reads_again_after_a_conflict()
    {
        var version = 7;
        _server.Answer = request =>
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
        var target = Use(new TargetOptions { Kind = TargetKind.Kubernetes });

        var result = await target.ScaleAsync(new ScaleRequest("/shop/a", 5, "p", "why"), default);

        Assert.Equal(ScaleStatus.Applied, result.Status);
        var put = _server.Requests.Last();
        Assert.StartsWith("PUT /apis/apps/v1/namespaces/shop/deployments/a/scale", put.ToString());
        Assert.Equal(5, JsonNode.Parse(put.Body)!["spec"]!["replicas"]!.GetValue<int>());
        Assert.Equal("8", JsonNode.Parse(put.Body)!["metadata"]!["resourceVersion"]!.GetValue<string>());
    }

    [Fact]
    public async Task Kubernetes_scales_from_zero_where_the_scale_has_no_spec()
    {
        _server.Answer = request => request.Method == "GET" ? (200, """{"kind":"Scale","metadata":{"resourceVersion":"1"}}""")
            : (200, request.Body);
        var target = Use(new TargetOptions { Kind = TargetKind.Kubernetes });

        Assert.Equal(ScaleStatus.Applied, (await target.ScaleAsync(new ScaleRequest("/shop/a", 1, "p", "why"), default)).Status);
        Assert.Equal(1, JsonNode.Parse(_server.Requests.Last().Body)!["spec"]!["replicas"]!.GetValue<int>());
    }

    [Fact]
    public async Task Kubernetes_conflicts_without_end_are_postponed_and_missing_rights_named()
    {
        _server.Answer = request => request.Method == "GET" ? (200, """{"metadata":{},"spec":{"replicas":1}}""")
            : (409, """{"message":"modified"}""");
        var target = Use(new TargetOptions { Kind = TargetKind.Kubernetes });
        Assert.Equal(ScaleStatus.Locked, (await target.ScaleAsync(new ScaleRequest("/shop/a", 5, "p", "why"), default)).Status);

        _server.Answer = _ => (403, """{"kind":"Status","message":"deployments.apps is forbidden","code":403}""");
        var e = await Assert.ThrowsAsync<TargetUnavailableException>(() => target.GetAppsAsync(default));
        Assert.Contains("(403): deployments.apps is forbidden; they need to list deployments", e.Message);
        _server.Answer = _ => (404, """{"message":"deployments.apps \"a\" not found"}""");
        Assert.Equal(ScaleStatus.NotFound, (await target.ScaleAsync(new ScaleRequest("/shop/a", 5, "p", "why"), default)).Status);
    }

    [Fact]
    public async Task Nomad_lists_the_groups_of_service_jobs_and_scales_one()
    {
        _server.Answer = request => request.ToString() switch
        {
            var r when r.StartsWith("GET /v1/jobs", StringComparison.Ordinal) => (200, """
                [{"ID":"team/api","Namespace":"default","Type":"service","Status":"running","Stop":false,"Meta":{"tier":"web"}},
                 {"ID":"nightly","Namespace":"default","Type":"batch","Status":"running","Stop":false,"Meta":null},
                 {"ID":"gone","Namespace":"default","Type":"service","Status":"running","Stop":false,"Meta":null}]
                """),
            var r when r.StartsWith("GET /v1/deployments", StringComparison.Ordinal) =>
                (200, """[{"ID":"x","JobID":"team/api","Namespace":"default","Status":"running"}]"""),
            "GET /v1/job/team%2Fapi/scale?namespace=default" => (200, """
                {"JobID":"team/api","JobStopped":false,"TaskGroups":{"web":{"Desired":3,"Placed":3,"Running":2,"Healthy":1,"Unhealthy":1,"Events":null},
                "cache":{"Desired":1,"Placed":1,"Running":1,"Healthy":0,"Unhealthy":0,"Events":null}}}
                """),
            "POST /v1/job/team%2Fapi/scale?namespace=default" =>
                (200, """{"EvalID":"e1","EvalCreateIndex":5,"JobModifyIndex":9,"Warnings":""}"""),
            _ => (404, "job not found"),
        };
        var token = Write("token", "0ec3-secret\n");
        var target = Use(new TargetOptions { Kind = TargetKind.Nomad, TokenFile = token });

        var apps = await target.GetAppsAsync(default);
        Assert.Equal(["/team/api/cache", "/team/api/web"], apps.Select(app => app.Id));
        Assert.Equal((3, 2, 1, 1, true), (apps[1].Instances, apps[1].Running, apps[1].Healthy, apps[1].Staged,
            apps[1].Deploying));
        Assert.Equal((1, "web"), (apps[0].Healthy, apps[0].Labels!["tier"]));
        var result = await target.ScaleAsync(new ScaleRequest("/team/api/web", 4, "p", "why"), default);

        Assert.Equal((ScaleStatus.Applied, "e1"), (result.Status, result.Deployment));
        var post = _server.Requests.Last();
        var body = JsonNode.Parse(post.Body)!;
        Assert.Equal((4, "web", "policy p: why"), (
            body["Count"]!.GetValue<int>(), body["Target"]!["Group"]!.GetValue<string>(), body["Message"]!.GetValue<string>()));
        Assert.All(_server.Requests, request => Assert.Equal("0ec3-secret", request.Headers["X-Nomad-Token"]));
    }

    [Fact]
    public async Task Nomad_postpones_while_a_deployment_is_active_and_settles_a_lost_answer()
    {
        _server.Answer = _ => (400, "job scaling blocked due to active deployment");
        var target = Use(new TargetOptions { Kind = TargetKind.Nomad });
        Assert.Equal(ScaleStatus.Locked, (await target.ScaleAsync(new ScaleRequest("/api/web", 4, "p", "why"), default)).Status);

        _server.Answer = request => request.Method == "POST" ? (500, "no cluster leader")
            : (200, """{"TaskGroups":{"web":{"Desired":4,"Placed":0,"Running":0,"Healthy":0,"Unhealthy":0}}}""");
        var settled = await target.ScaleAsync(new ScaleRequest("/api/web", 4, "p", "why"), default);
        Assert.Equal(ScaleStatus.Applied, settled.Status);
        Assert.Contains("confirmed by reading back", settled.Detail);
        Assert.Equal(ScaleStatus.Unavailable,
            (await target.ScaleAsync(new ScaleRequest("/api/web", 5, "p", "why"), default)).Status);
        Assert.Equal(ScaleStatus.NotFound, (await target.ScaleAsync(new ScaleRequest("/api", 5, "p", "why"), default)).Status);
    }

    [Fact]
    public async Task Swarm_updates_the_whole_service_over_the_socket_with_the_version_it_has_read()
    {
        var socket = Path.Combine(_directory, "docker.sock");
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

        var target = Use(new TargetOptions { Kind = TargetKind.Swarm, Address = new Uri("unix://" + socket) });
        var app = Assert.Single(await target.GetAppsAsync(default));
        Assert.Equal(("/search", 2, 1, 1, true), (app.Id, app.Instances, app.Running, app.Staged, app.Deploying));

        Assert.Equal(ScaleStatus.Applied, (await target.ScaleAsync(new ScaleRequest("/search", 3, "p", "why"), default)).Status);
        var sent = JsonNode.Parse(engine.Requests.Last().Body)!;
        sent["Mode"]!["Replicated"]!["Replicas"] = 2;
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Spec), sent));
        Assert.Equal(ScaleStatus.NotFound,
            (await target.ScaleAsync(new ScaleRequest("/nothing", 3, "p", "why"), default)).Status);
    }

    [Fact]
    public async Task Swarm_says_that_nobody_listens_and_that_the_node_is_no_manager()
    {
        var nobody = Use(new TargetOptions { Kind = TargetKind.Swarm, Address = new Uri($"unix://{_directory}/nothing.sock") });
        Assert.Contains("cannot be reached",
            (await Assert.ThrowsAsync<TargetUnavailableException>(() => nobody.GetAppsAsync(default))).Message);
        _server.Answer = _ => (503, """{"message":"This node is not a swarm manager."}""");
        var worker = Use(new TargetOptions { Kind = TargetKind.Swarm });
        Assert.Contains("not a swarm manager",
            (await Assert.ThrowsAsync<TargetUnavailableException>(() => worker.GetAppsAsync(default))).Message);
    }

    [Theory]
    [InlineData("abc.def.ghi", "Bearer abc.def.ghi")]
    [InlineData("token=eyJ", "token=eyJ")]
    [InlineData("Basic dTpw", "Basic dTpw")]
    public async Task A_token_is_read_from_its_file_and_again_when_it_is_renewed(string content, string header)
    {
        _server.Answer = _ => (200, """{"apps":[]}""");
        var file = Write("token", content);
        var target = Use(new TargetOptions { TokenFile = file });
        await target.GetAppsAsync(default);
        Assert.Equal(header, _server.Requests.Last().Headers["Authorization"]);

        File.WriteAllText(file, "renewed");
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddMinutes(1));
        await target.GetAppsAsync(default);
        Assert.Equal("Bearer renewed", _server.Requests.Last().Headers["Authorization"]);

        File.Delete(file);
        var e = await Assert.ThrowsAsync<TargetUnavailableException>(() => target.GetAppsAsync(default));
        Assert.Contains("the credentials in", e.Message);
        Assert.DoesNotContain("renewed", e.Message);
    }

    [Fact]
    public async Task A_user_and_a_password_file_make_basic_authentication()
    {
        _server.Answer = _ => (200, """{"apps":[]}""");
        await Use(new TargetOptions { User = "jörg", PasswordFile = Write("password", "s3cret") }).GetAppsAsync(default);
        var header = _server.Requests.Last().Headers["Authorization"];
        Assert.Equal("jörg:s3cret", System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(header["Basic ".Length..])));
    }

    [Fact]
    public async Task A_server_is_trusted_by_the_given_authority_alone()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await using var server = await FakeServer.StartAsync(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        server.Answer = _ => (200, """{"metadata":{},"items":[]}""");

        var trusting = Use(new TargetOptions
        {
            Kind = TargetKind.Kubernetes,
            Address = server.Address,
            CaFile = Write("ca.pem", certificate.ExportCertificatePem()),
        });
        Assert.Empty(await trusting.GetAppsAsync(default));

        var wary = Use(new TargetOptions { Kind = TargetKind.Kubernetes, Address = server.Address });
        Assert.Contains("no trusted TLS connection",
            (await Assert.ThrowsAsync<TargetUnavailableException>(() => wary.GetAppsAsync(default))).Message);
    }

    public static TheoryData<TargetOptions, string> Contradictions => new()
    {
        { new TargetOptions { Address = new Uri("ftp://x") }, "none of http, https" },
        { new TargetOptions { Address = new Uri("http://me:secret@x") }, "must not hold credentials" },
        { new TargetOptions { User = "me" }, "belong together" },
        { new TargetOptions { TokenFile = "/does/not/exist" }, "does not exist" },
        { new TargetOptions { TokenFile = "/dev/null", User = "me", PasswordFile = "/dev/null" }, "not both" },
        { new TargetOptions { Kind = TargetKind.Kubernetes }, "needs an address" },
    };

    [Theory]
    [MemberData(nameof(Contradictions))]
    public void Options_that_cannot_be_are_refused_at_once(TargetOptions options, string text)
    {
        var e = Assert.Throws<ArgumentException>(() => ScalingTargets.Complete(options, new Uri("http://127.0.0.1:8080")));
        Assert.Contains(text, e.Message);
        Assert.DoesNotContain("secret@", e.Message);
    }

    private string Write(string name, string content)
    {
        var file = Path.Combine(_directory, name);
        File.WriteAllText(file, content);
        return file;
    }

    private IScalingTarget Use(TargetOptions target)
    {
        var services = new ServiceCollection();
        services.AddScalingTarget(new ManagerOptions { Target = target with { Address = target.Address ?? _server.Address } });
        _services.Add(services.BuildServiceProvider());
        return _services[^1].GetRequiredService<IScalingTarget>();
    }
}
