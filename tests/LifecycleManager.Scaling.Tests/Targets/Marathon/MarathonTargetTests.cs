using LifecycleManager.Clusters;
using System.Text.Json.Nodes;
using LifecycleManager.Scaling.Targets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Scaling.Tests.Targets.Marathon;

public sealed class MarathonTargetTests : IAsyncLifetime
{
    // The first app that the fake makes, as the target tells it from later ones.
    private static readonly CountSeen Seen = new(1, "made 2026-11-24T18:00:00.000Z");

    private FakeMarathon _marathon = null!;
    private ServiceProvider _services = null!;
    private IScalingTarget _target = null!;

    public async ValueTask InitializeAsync()
    {
        _marathon = await FakeMarathon.StartAsync();
        Use(_marathon.Address, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(4));
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await _marathon.DisposeAsync();
    }

    [Fact]
    public async Task Healthy_is_what_runs_where_there_are_no_health_checks_and_what_waits_is_staged()
    {
        _marathon.Add("/a", 5).Running = 3;
        _marathon.Add("/b", 2, healthChecks: true, ("team", "search")).Healthy = 1;

        var apps = (await _target.GetAppsAsync(default)).OrderBy(app => app.Id).ToList();

        Assert.Equal((5, 3, 3, 2, false), (apps[0].Instances, apps[0].Running, apps[0].Healthy, apps[0].Staged,
            apps[0].Deploying));
        Assert.Equal((1, "search"), (apps[1].Healthy, apps[1].Labels!["team"]));
    }

    [Theory]
    [InlineData(404, "<html>no such page</html>")]
    [InlineData(403, "{\"message\":\"Not Authorized\"}")]
    [InlineData(500, "")]
    public async Task An_app_is_gone_where_marathon_says_so_and_nobody_else(int status, string body)
    {
        _marathon.Add("/a", 1);
        Assert.False(await _target.IsGoneAsync("/a", default));
        Assert.True(await _target.IsGoneAsync("/b", default));

        _marathon.Fault = async http =>
        {
            http.Response.StatusCode = status;
            await http.Response.WriteAsync(body);
            return true;
        };
        await Assert.ThrowsAsync<TargetUnavailableException>(() => _target.IsGoneAsync("/b", default));
    }

    [Fact]
    public async Task A_read_is_repeated_after_a_fault()
    {
        _marathon.Add("/a", 1);
        var faults = 2;
        _marathon.Fault = async http =>
        {
            if (faults-- <= 0) return false;
            await FakeMarathon.Json(http, 500, new JsonObject());
            return true;
        };

        Assert.Single(await _target.GetAppsAsync(default));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    public async Task A_change_that_may_have_been_carried_out_is_not_repeated(int status)
    {
        _marathon.Add("/a", 1);
        _marathon.Fault = FakeMarathon.OnPut(http => FakeMarathon.Json(http, status, new JsonObject { ["message"] = "oops" }));

        var result = await _target.ScaleAsync(new ScaleRequest("/a", 2, Seen, "p", "why"), default);

        Assert.Equal(ScaleStatus.Unavailable, result.Status);
        Assert.Contains($"{status}: oops", result.Detail);
        Assert.Single(_marathon.Requests, request => request.StartsWith("PUT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_change_that_a_standby_turned_away_is_repeated()
    {
        _marathon.Add("/a", 1);
        var faults = 1;
        _marathon.Fault = async http =>
        {
            if (http.Request.Method != "PUT" || faults-- <= 0) return false;
            await FakeMarathon.Json(http, 503, new JsonObject { ["message"] = "no leader" });
            return true;
        };

        var result = await _target.ScaleAsync(new ScaleRequest("/a", 2, Seen, "p", "why"), default);
        Assert.Equal(ScaleStatus.Applied, result.Status);
    }

    [Theory]
    [InlineData(401, "wants credentials (401)")]
    [InlineData(403, "does not let these credentials")]
    public async Task Missing_rights_are_said_plainly(int status, string text)
    {
        _marathon.Add("/a", 1);
        _marathon.Fault = async http =>
        {
            await FakeMarathon.Json(http, status, new JsonObject { ["message"] = "x" });
            return true;
        };

        Assert.Contains(text,
            (await Assert.ThrowsAsync<TargetUnavailableException>(() => _target.GetAppsAsync(default))).Message);
        var result = await _target.ScaleAsync(new ScaleRequest("/a", 2, Seen, "p", "why"), default);
        Assert.Equal(ScaleStatus.Refused, result.Status);
        Assert.Contains(text, result.Detail);
    }

    public static TheoryData<string, string> Nonsense => new()
    {
        { "text/html", "<html><body>It works!</body></html>" },
        { "application/json", "" },
        { "application/json", "[]" },
        { "application/json", """{"apps":[{"id":"/a","instances":"many"}]}""" },
        { "application/json", """{"apps":""" },
        { "application/json", "null" },
        { "application/json", "{}" },
        { "application/json", """{"apps":null}""" },
    };

    [Theory]
    [MemberData(nameof(Nonsense))]
    public async Task An_answer_that_is_not_Marathons_is_no_list_of_apps(string type, string body)
    {
        _marathon.Fault = async http =>
        {
            http.Response.ContentType = type;
            await http.Response.WriteAsync(body);
            return true;
        };

        var e = await Assert.ThrowsAsync<TargetUnavailableException>(() => _target.GetAppsAsync(default));
        Assert.DoesNotContain("Exception", e.Message);
    }

    [Fact]
    public async Task A_body_that_trickles_is_given_up()
    {
        _marathon.Fault = async http =>
        {
            http.Response.ContentType = "application/json";
            await http.Response.WriteAsync("""{"apps":[""");
            while (!http.RequestAborted.IsCancellationRequested)
            {
                await http.Response.WriteAsync(" ");
                await http.Response.Body.FlushAsync();
                await Task.Delay(100);
            }

            return true;
        };

        var e = await Assert.ThrowsAsync<TargetUnavailableException>(() => _target.GetAppsAsync(default));

        Assert.Contains("did not answer in time", e.Message);
    }

    [Fact]
    public async Task A_target_that_fails_again_and_again_is_not_called_for_a_while_and_changes_are_still_tried()
    {
        _marathon.Add("/a", 1);
        _marathon.Fault = async http =>
        {
            await FakeMarathon.Json(http, 500, new JsonObject());
            return true;
        };
        string message = "";
        for (var i = 0; i < 4; i++)
            message = (await Assert.ThrowsAsync<TargetUnavailableException>(() => _target.GetAppsAsync(default))).Message;
        var asked = _marathon.Requests.Count;

        message = (await Assert.ThrowsAsync<TargetUnavailableException>(() => _target.GetAppsAsync(default))).Message;

        Assert.Contains("is not called for some seconds", message);
        Assert.Equal(asked, _marathon.Requests.Count);

        // Changes have a breaker of their own.
        _marathon.Fault = null;
        var result = await _target.ScaleAsync(new ScaleRequest("/a", 2, Seen, "p", "why"), default);
        Assert.Equal(ScaleStatus.Applied, result.Status);
    }

    [Fact]
    public async Task Nobody_there_is_one_clear_sentence()
    {
        await _services.DisposeAsync();
        Use(new Uri($"http://127.0.0.1:{Server.FreePort()}"), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10));

        var e = await Assert.ThrowsAsync<TargetUnavailableException>(() => _target.GetAppsAsync(default));

        Assert.Contains("cannot be reached: connection refused", e.Message);
    }

    [Fact]
    public async Task A_policys_name_may_hold_any_letters()
    {
        _marathon.Add("/a", 1);

        var result = await _target.ScaleAsync(new ScaleRequest("/a", 2, Seen, "sök\r\nX: y", "why"), default);

        Assert.Equal(ScaleStatus.Applied, result.Status);
        Assert.Equal("policy s?k??X: y", Assert.Single(_marathon.Puts).Owner);
    }

    [Fact]
    public async Task Who_owns_a_count_is_read_and_the_reader_says_that_it_is_a_manager()
    {
        _marathon.Add("/a", 0).Owner = "policy a";
        _marathon["/a"].Suspended = true;
        _marathon.Add("/b", 1);
        var isManager = false;
        _marathon.Fault = http =>
        {
            isManager = http.Request.Headers.ContainsKey("Lcm-Manager");
            return Task.FromResult(false);
        };

        var apps = (await _target.GetAppsAsync(default)).OrderBy(app => app.Id).ToList();

        Assert.Equal(("policy a", true), (apps[0].CountOwner, apps[0].Suspended));
        Assert.Equal((null, false), (apps[1].CountOwner, apps[1].Suspended));
        Assert.True(isManager);
        Assert.Equal(CountOwners.Of("a"), apps[0].CountOwner);
    }

    [Theory]
    [InlineData(null, ScaleStatus.Applied)]
    [InlineData(404, ScaleStatus.NotFound)]
    [InlineData(503, ScaleStatus.Unavailable)]
    [InlineData(403, ScaleStatus.Unavailable)]
    public async Task A_count_is_given_back_without_a_word_about_it(int? status, ScaleStatus expected)
    {
        _marathon.Add("/a", 3).Owner = "policy a";
        _marathon["/a"].Deployment = "d1";
        if (status is { } code)
            _marathon.Fault = FakeMarathon.OnPut(http => FakeMarathon.Json(http, code, new JsonObject { ["message"] = "no" }));

        Assert.Equal(expected, (await _target.ReleaseAsync("/a", default)).Status);

        if (status is not null) return;
        Assert.Equal(new FakeMarathon.Put("/a", "{}", false, "none"), _marathon.Puts.Single());
        Assert.Equal((3, null), (_marathon["/a"].Instances, _marathon["/a"].Owner));
    }

    private void Use(Uri address, TimeSpan attemptTimeout, TimeSpan callTimeout)
    {
        var services = new ServiceCollection();
        services.AddScalingTarget(new TargetOptions { Address = address }, attemptTimeout, callTimeout);
        _services = services.BuildServiceProvider();
        _target = _services.GetRequiredService<IScalingTarget>();
    }
}
