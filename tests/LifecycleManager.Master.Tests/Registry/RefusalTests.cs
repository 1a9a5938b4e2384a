using System.Net;
using System.Text;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Storage;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Master.Tests.Registry;

/// <summary>A store that refuses writes, as one on a full disk does.</summary>
public sealed class RefusalTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly FaultyBackend _faults = new();

    [Fact]
    public async Task Calls_are_answered_with_the_cause_nothing_is_half_done_and_it_recovers_by_itself()
    {
        await using var master = await MasterUnderTest.StartAsync(time: _time, faults: _faults);
        await using var agent = await master.RegisteredAgentAsync();
        await using var draining = await master.RegisteredAgentAsync(host: "127.0.0.4");
        await using var leaving = await master.RegisteredAgentAsync(host: "127.0.0.5");
        await using var framework = await master.FrameworkAsync();
        var term = await master.TermAsync();
        var before = await ViewsAsync();
        var stored = await StoredAsync();
        string[] calls =
        [
            """{"type": "UPDATE_WEIGHTS", "update_weights": {"weight_infos": [{"role": "a", "weight": 2}]}}""",
            """{"type": "UPDATE_QUOTA", "update_quota": {"force": true, "quota_configs": [{"role": "a", "limits": {"cpus": {"value": 2}}}]}}""",
            """{"type": "UPDATE_MAINTENANCE_SCHEDULE", "update_maintenance_schedule": {"schedule": {"windows": [{"machine_ids": [{"hostname": "h"}], "unavailability": {"start": {"nanoseconds": 1}}}]}}}""",
            $$$$"""{"type": "DEACTIVATE_AGENT", "deactivate_agent": {"agent_id": {"value": "{{{{agent.Id.Value}}}}"}}}""",
            $$$$"""{"type": "DRAIN_AGENT", "drain_agent": {"agent_id": {"value": "{{{{draining.Id.Value}}}}"}}}""",
            $$$$"""{"type": "RESERVE_RESOURCES", "reserve_resources": {"agent_id": {"value": "{{{{agent.Id.Value}}}}"}, "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}, "reservations": [{"type": "DYNAMIC", "role": "a"}]}]}}""",
            $$$$"""{"type": "MARK_AGENT_GONE", "mark_agent_gone": {"agent_id": {"value": "{{{{leaving.Id.Value}}}}"}}}""",
            $$$$"""{"type": "TEARDOWN", "teardown": {"framework_id": {"value": "{{{{framework.Id.Value}}}}"}}}""",
        ];

        // The first wait for the store to come back, and not longer than it is given; those that come later do not wait.
        _faults.OnWrite = () => new StateUnavailableException("database or disk is full");
        for (var round = 0; round < 2; round++)
        {
            var answers = calls.Select(master.TryOperateAsync).ToList();
            var newcomer = master.Agent(host: "127.0.0.3").RegisterAsync();
            var subscribing = SubscribeAsync();
            if (round == 0)
            {
                await Eventually.TrueAsync(() => _faults.Refused > 0);
                var left = 4;
                await Eventually.TrueAsync(() =>
                {
                    if (left-- > 0) _time.Advance(TimeSpan.FromSeconds(1));
                    return answers.TrueForAll(answer => answer.IsCompleted);
                });
            }

            foreach (var answering in answers)
            {
                using var answer = await answering.WaitAsync(TimeSpan.FromSeconds(30));
                Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
                Assert.Contains("disk is full", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            }

            using var refused = await subscribing;
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.Contains("503 the state store takes no writes: database or disk is full",
                (await Assert.ThrowsAsync<HttpRequestException>(() => newcomer)).Message, StringComparison.Ordinal);
        }

        var (status, text) = await master.HealthAsync();
        Assert.Equal(503, status);
        Assert.Contains("disk is full", text, StringComparison.Ordinal);
        Assert.Equal("pong", await master.Client.GetStringAsync("/ping"));
        Assert.Equal(before, await ViewsAsync());
        Assert.Equal(stored, await StoredAsync());
        Assert.True(agent.IsConnected && draining.IsConnected && leaving.IsConnected && framework.IsConnected);
        Assert.Equal(term, await master.TermAsync());
        await master.VerifyAsync();

        _faults.OnWrite = null;
        await Eventually.TrueAsync(async () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return (await master.HealthAsync()).Status == 200;
        });
        await using var late = await master.RegisteredAgentAsync(host: "127.0.0.3");
        await master.OperateAsync(calls[0]);
        await master.OperateAsync(calls[3]);
        Assert.Contains("\"weight\":2", (await ViewsAsync()), StringComparison.Ordinal);
        Assert.Equal(term, await master.TermAsync());
        await master.VerifyAsync();

        async Task<string> ViewsAsync()
        {
            var views = new StringBuilder();
            foreach (var call in (string[])["GET_AGENTS", "GET_FRAMEWORKS", "GET_WEIGHTS", "GET_QUOTA",
                "GET_MAINTENANCE_SCHEDULE", "GET_TASKS"])
                views.AppendLine((await master.OperateAsync($$"""{"type": "{{call}}"}""")).ToString());
            return views.Replace(" ", "").ToString();
        }

        async Task<string> StoredAsync()
        {
            var entries = new StringBuilder();
            await foreach (var entry in master.Store.ListAsync("master/"))
                entries.AppendLine(entry.Key + Encoding.UTF8.GetString(entry.Value.Span));
            return entries.ToString();
        }

        async Task<HttpResponseMessage> SubscribeAsync()
        {
            using var content = new StringContent(
                """{"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "", "name": "late"}}}""", Encoding.UTF8,
                "application/json");
            return await master.Client.PostAsync("/api/v1/scheduler", content);
        }
    }
}
