using System.Net;
using System.Net.Http.Headers;
using System.Text;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Security;

namespace LifecycleManager.Master.Tests.Api;

public sealed class SecurityTests
{
    private static readonly Principals Some = Principals.Parse("""
        {"credentials": [
          {"principal": "agent", "secret": "s3cret-a", "permissions": ["agent"]},
          {"principal": "viewer", "secret": "s3cret-v", "permissions": ["view"]},
          {"principal": "ops", "secret": "s3cret-o", "permissions": ["operate"]},
          {"principal": "marathon", "secret": "s3cret-m", "roles": ["web", "team/*"]},
          {"principal": "other", "secret": "s3cret-x", "roles": ["*"]}
        ]}
        """);

    [Theory]
    [InlineData("/state", "viewer ops")]
    [InlineData("/master/state", "viewer ops")]
    [InlineData("/slaves", "viewer ops")]
    [InlineData("/frameworks", "viewer ops")]
    [InlineData("/tasks", "viewer ops")]
    [InlineData("/quota", "viewer ops")]
    [InlineData("/weights", "viewer ops")]
    [InlineData("/metrics", "viewer ops")]
    [InlineData("/metrics/snapshot", "viewer ops")]
    [InlineData("/health", "agent viewer ops marathon nobody")]
    [InlineData("/version", "agent viewer ops marathon nobody")]
    [InlineData("""{"type": "GET_STATE"}""", "viewer ops")]
    [InlineData("""{"type": "GET_FLAGS"}""", "viewer ops")]
    [InlineData("""{"type": "UPDATE_WEIGHTS", "update_weights": {"weight_infos": [{"role": "web", "weight": 2}]}}""", "ops")]
    [InlineData("""{"type": "UPDATE_QUOTA", "update_quota": {"quota_configs": []}}""", "ops")]
    [InlineData("""{"type": "UPDATE_MAINTENANCE_SCHEDULE", "update_maintenance_schedule": {"schedule": {"windows": []}}}""",
        "ops")]
    public async Task Each_call_is_for_those_who_have_its_permission(string call, string who)
    {
        await using var master = await MasterUnderTest.StartAsync(new MasterOptions { Principals = Some });
        foreach (var principal in new[] { "agent", "viewer", "ops", "marathon", "nobody" })
        {
            var status = await StatusAsync(master, principal, call);
            var expected = who.Split(' ').Contains(principal) ? HttpStatusCode.OK
                : principal == "nobody" ? HttpStatusCode.Unauthorized : HttpStatusCode.Forbidden;
            Assert.True(status == expected, $"{principal} {call}: {status} instead of {expected}");
        }
    }

    [Theory]
    [InlineData("DRAIN_AGENT")]
    [InlineData("MARK_AGENT_GONE")]
    [InlineData("TEARDOWN")]
    [InlineData("SET_LOGGING_LEVEL")]
    public async Task What_changes_needs_the_right_to_operate_before_it_is_even_looked_at(string type)
    {
        await using var master = await MasterUnderTest.StartAsync(new MasterOptions { Principals = Some });
        var call = "{\"type\": \"" + type + "\"}";
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(master, "viewer", call));
        Assert.Contains(await StatusAsync(master, "ops", call),
            new[] { HttpStatusCode.BadRequest, HttpStatusCode.NotImplemented });
    }

    [Fact]
    public async Task Without_or_with_wrong_credentials_a_call_is_told_what_it_needs()
    {
        await using var master = await MasterUnderTest.StartAsync(new MasterOptions { Principals = Some });
        using var answer = await master.Client.GetAsync("/state");
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("Basic", Assert.Single(answer.Headers.WwwAuthenticate).Scheme);
        master.Client.DefaultRequestHeaders.Authorization = new Credential("viewer", "wrong").Header;
        Assert.Equal(HttpStatusCode.Unauthorized, (await master.Client.GetAsync("/slaves")).StatusCode);
    }

    [Fact]
    public async Task Only_an_agent_registers_as_one()
    {
        await using var master = await MasterUnderTest.StartAsync(new MasterOptions { Principals = Some });
        As(master, "marathon");
        await using var wrong = master.Agent();
        Assert.Contains("403", (await Assert.ThrowsAsync<HttpRequestException>(wrong.RegisterAsync)).Message,
            StringComparison.Ordinal);
        As(master, "agent");
        await using var agent = master.Agent();
        await agent.RegisterAsync();
        As(master, "viewer");
        Assert.Equal(1, (await master.GetAsync("/slaves")).GetProperty("slaves").GetArrayLength());
    }

    [Fact]
    public async Task A_framework_subscribes_only_with_roles_that_its_principal_may_run_as()
    {
        await using var master = await MasterUnderTest.StartAsync(new MasterOptions { Principals = Some });
        As(master, "marathon");
        await using var refused = await master.FrameworkAsync(TestFramework.PartitionAware("refused", 3600, "web", "db"));
        var error = Assert.Single(refused.Events, e => e.Type == EventType.Error).Error!;
        Assert.Equal("Principal 'marathon' is not authorized to use the roles 'db'", error.Message);
        await refused.WaitAsync(() => !refused.IsConnected);

        await using var framework = await master.FrameworkAsync(TestFramework.PartitionAware("taken", 3600, "web", "team/a"));
        Assert.Contains(framework.Events, e => e.Type == EventType.Subscribed);

        // An old framework without MULTI_ROLE, and so of the default role.
        await using var old = await master.FrameworkAsync(new FrameworkInfo { User = "", Name = "old" });
        Assert.Contains("'*'", Assert.Single(old.Events, e => e.Type == EventType.Error).Error!.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_framework_is_its_principals_and_no_others()
    {
        await using var master = await MasterUnderTest.StartAsync(new MasterOptions { Principals = Some });
        As(master, "marathon");
        await using var framework = await master.FrameworkAsync(TestFramework.PartitionAware("mine", 3600, "web"));
        Assert.Equal(HttpStatusCode.Accepted, (await framework.CallAsync(new SchedulerCall { Type = CallType.Revive })).Status);

        As(master, "other");
        Assert.Equal(HttpStatusCode.Forbidden,
            (await framework.CallAsync(new SchedulerCall { Type = CallType.Teardown })).Status);
        await using var thief = await master.FrameworkAsync(framework.Info);
        Assert.Contains("another principal", Assert.Single(thief.Events, e => e.Type == EventType.Error).Error!.Message,
            StringComparison.Ordinal);
        Assert.True(framework.IsConnected);
        await using var pretender = new TestFramework(master.Client, framework.Info with { Principal = "marathon", Id = null });
        Assert.Contains("403", (await Assert.ThrowsAsync<HttpRequestException>(pretender.SubscribeAsync)).Message,
            StringComparison.Ordinal);

        As(master, "viewer");
        var state = await master.GetAsync("/state");
        Assert.Equal("marathon", state.GetProperty("frameworks")[0].GetProperty("principal").GetString());
        Assert.Equal("true", state.GetProperty("flags").GetProperty("authenticate_agents").GetString());
        Assert.DoesNotContain("s3cret", state.ToString(), StringComparison.Ordinal);
    }

    private static void As(MasterUnderTest master, string principal) =>
        master.Client.DefaultRequestHeaders.Authorization = Header(principal);

    private static AuthenticationHeaderValue? Header(string principal) => principal switch
    {
        "nobody" => null,
        "other" => new Credential(principal, "s3cret-x").Header,
        _ => new Credential(principal, $"s3cret-{principal[0]}").Header,
    };

    private static async Task<HttpStatusCode> StatusAsync(MasterUnderTest master, string principal, string call)
    {
        using var request = call.StartsWith('/') ? new HttpRequestMessage(HttpMethod.Get, call)
            : new HttpRequestMessage(HttpMethod.Post, "/api/v1")
            {
                Content =
                new StringContent(call, Encoding.UTF8, "application/json")
            };
        request.Headers.Authorization = Header(principal);
        using var answer = await master.Client.SendAsync(request);
        return answer.StatusCode;
    }
}
