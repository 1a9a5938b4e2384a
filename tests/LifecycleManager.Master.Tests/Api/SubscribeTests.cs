using System.Net;
using System.Text;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Api;

public sealed class SubscribeTests
{
    [Fact]
    public async Task The_documents_own_subscribe_is_answered_by_a_stream_of_records()
    {
        await using var master = await MasterUnderTest.StartAsync();
        const string Call = """
            {
              "type"       : "SUBSCRIBE",
              "subscribe"  : {
                "framework_info" : {
                  "user" :  "foo",
                  "name" :  "Example HTTP Framework",
                  "roles": ["test"],
                  "capabilities" : [{"type": "MULTI_ROLE"}]
                }
              }
            }
            """;
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/scheduler") { Content = Json(Call) };
        request.Headers.Add("Accept", "application/json");
        using var answer = await master.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        Assert.True(answer.Headers.TransferEncodingChunked);
        Assert.True(Guid.TryParse(answer.Headers.GetValues("Mesos-Stream-Id").Single(), out _));
        await using var stream = await answer.Content.ReadAsStreamAsync();
        await using var events = RecordIo.ReadAsync(stream, MesosJson.Strict.SchedulerEvent).GetAsyncEnumerator();
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(EventType.Subscribed, events.Current.Type);
        Assert.Equal(15, events.Current.Subscribed!.HeartbeatIntervalSeconds);
        Assert.EndsWith("-0000", events.Current.Subscribed.FrameworkId.Value, StringComparison.Ordinal);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(EventType.Heartbeat, events.Current.Type);
    }

    [Theory]
    [InlineData("{", 400, "parse")]
    [InlineData("null", 400, "null")]
    [InlineData("""{"type": "UPDATE_FRAMEWORK"}""", 400, "framework_id")]
    [InlineData("""{"type": "ACCEPT_INVERSE_OFFERS"}""", 501, "ACCEPT_INVERSE_OFFERS")]
    [InlineData("""{"type": "DECLINE_INVERSE_OFFERS"}""", 501, "DECLINE_INVERSE_OFFERS")]
    [InlineData("""{"type": "ACKNOWLEDGE_OPERATION_STATUS"}""", 400, "framework_id")]
    [InlineData("""{"type": "RECONCILE_OPERATIONS"}""", 400, "framework_id")]
    [InlineData(
        """{"type": "ACCEPT", "framework_id": {"value": "x"}, "accept": {"offer_ids": [], "operations": [{"type": "CREATE"}]}}""",
        501, "CREATE")]
    [InlineData(
        """{"type": "ACCEPT", "framework_id": {"value": "x"}, "accept": {"offer_ids": [], "operations": [{"type": "DESTROY"}]}}""", 501, "DESTROY")]
    [InlineData(
        """{"type": "ACCEPT", "framework_id": {"value": "x"}, "accept": {"offer_ids": [], "operations": [{"type": "GROW_VOLUME"}]}}""", 501, "GROW_VOLUME")]
    [InlineData(
        """{"type": "ACCEPT", "framework_id": {"value": "x"}, "accept": {"offer_ids": [], "operations": [{"type": "SHRINK_VOLUME"}]}}""", 501, "SHRINK_VOLUME")]
    [InlineData(
        """{"type": "ACCEPT", "framework_id": {"value": "x"}, "accept": {"offer_ids": [], "operations": [{"type": "DESTROY_DISK"}]}}""", 501, "DESTROY_DISK")]
    [InlineData("""{"type": 3}""", 400, "type")]
    [InlineData("""{"kill": {}}""", 400, "type")]
    [InlineData("""{"type": "SUBSCRIBE"}""", 400, "'subscribe'")]
    [InlineData("""{"type": "TEARDOWN"}""", 400, "'framework_id'")]
    [InlineData("""{"type": "TEARDOWN", "framework_id": {"value": "x"}}""", 400, "cannot be found")]
    [InlineData("""{"type": "ACCEPT", "framework_id": {"value": "x"}}""", 400, "'accept'")]
    [InlineData("""{"type": "KILL", "framework_id": {"value": "x"}, "kill": {"task_id": {}}}""", 400, "kill.task_id")]
    [InlineData(
        """{"type": "ACKNOWLEDGE", "framework_id": {"value": "x"}, "acknowledge": {"agent_id": {"value": "a"}, "task_id": {"value": "t"}, "uuid": "AQID"}}""", 400, "UUID")]
    [InlineData(
        """{"type": "ACCEPT", "framework_id": {"value": "x"}, "accept": {"offer_ids": [], "operations": [{"type": "CREATE_DISK"}]}}""", 501, "CREATE_DISK")]
    [InlineData(
        """{"type": "SUBSCRIBE", "framework_id": {"value": "x"}, "subscribe": {"framework_info": {"user": "", "name": "n"}}}""",
        400, "differs")]
    public async Task A_call_that_is_not_valid_is_refused_and_says_why(string json, int status, string says)
    {
        await using var master = await MasterUnderTest.StartAsync();
        using var content = Json(json);
        using var answer = await master.Client.PostAsync("/api/v1/scheduler", content);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Contains(says, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Media_types_methods_and_sizes_are_checked()
    {
        await using var master = await MasterUnderTest.StartAsync(new MasterOptions { MaxRequestBody = 65_536 });
        using var text = new StringContent("{}", Encoding.UTF8, "text/plain");
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await master.Client.PostAsync("/api/v1/scheduler", text)).StatusCode);
        using var protobuf = new HttpRequestMessage(HttpMethod.Post, "/api/v1/scheduler") { Content = Json("{}") };
        protobuf.Headers.Add("Accept", "application/x-protobuf");
        Assert.Equal(HttpStatusCode.NotAcceptable, (await master.Client.SendAsync(protobuf)).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await master.Client.GetAsync("/api/v1/scheduler")).StatusCode);
        using var big = new HttpRequestMessage(HttpMethod.Post, "/api/v1/scheduler")
        {
            Content = Json("{\"type\": \"" + new string('x', 70_000) + "\"}"),
        };
        big.Headers.ExpectContinue = true;
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await master.Client.SendAsync(big)).StatusCode);
    }

    [Fact]
    public async Task The_stream_id_is_what_ties_calls_to_a_subscription()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var framework = await master.FrameworkAsync();
        var revive = new SchedulerCall { Type = CallType.Revive };
        Assert.Equal(HttpStatusCode.Accepted, (await framework.CallAsync(revive)).Status);
        var wrong = await framework.CallAsync(revive, Guid.NewGuid().ToString());
        Assert.Equal(HttpStatusCode.BadRequest, wrong.Status);
        Assert.Contains("didn't match", wrong.Text, StringComparison.Ordinal);
        using var without = Json($$"""{"type": "REVIVE", "framework_id": { "value": "{{framework.Id.Value}}" } }""");
        Assert.Equal(HttpStatusCode.BadRequest, (await master.Client.PostAsync("/api/v1/scheduler", without)).StatusCode);

        await framework.DisconnectAsync();
        await framework.WaitAsync(() => !framework.IsConnected);
        await WaitAsync(async () => (await framework.CallAsync(revive)).Status == HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_framework_fails_over_by_its_id_and_its_tasks_run_on()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var first = await master.FrameworkAsync();
        var offer = await first.OfferAsync();
        await first.LaunchAsync(offer, TestFramework.Sleep(offer, "t1"));
        await first.WaitAsync(() => first.StateOf("t1") == TaskState.Running);

        await using var second = await master.FrameworkAsync(first.Info);
        Assert.Equal(first.Id, second.Id);
        await first.WaitAsync(() => !first.IsConnected);
        Assert.Equal("Framework failed over", first.Events.Last(e => e.Type == EventType.Error).Error!.Message);
        Assert.Equal(HttpStatusCode.BadRequest, (await first.CallAsync(new SchedulerCall { Type = CallType.Revive })).Status);
        await second.CallAsync(new SchedulerCall { Type = CallType.Reconcile, Reconcile = new ReconcileCall() });

        // Perhaps after the status itself, whose acknowledgement is still on its way.
        await second.WaitAsync(() => second.Updates("t1").Any(status => status.Reason == StatusReason.Reconciliation));
        Assert.All(second.Updates("t1"), status => Assert.Equal(TaskState.Running, status.State));

        // Offers of the first were taken back: all that is free is offered to the second.
        Assert.Equal(3.5, TestFramework.Cpus(await second.OfferAsync()), 6);
        await master.VerifyAsync();
    }

    [Fact]
    public async Task What_happened_while_a_framework_was_away_it_is_told_at_once()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var first = await master.FrameworkAsync();
        var offer = await first.OfferAsync();
        await first.LaunchAsync(offer, TestFramework.Sleep(offer, "t1"));
        await first.WaitAsync(() => first.StateOf("t1") == TaskState.Running);
        await first.DisconnectAsync();
        await agent.ReportAsync(new TaskId("t1"), TaskState.Failed);

        // Nothing but being asked makes this agent tell it again.
        await using var second = await master.FrameworkAsync(first.Info);
        await second.WaitAsync(() => second.StateOf("t1") == TaskState.Failed);
        Assert.NotNull(second.Updates("t1").Last().Uuid);
        await second.WaitAsync(() => agent.Tasks.Count == 0);
        await master.VerifyAsync();
    }

    [Fact]
    public async Task A_framework_that_does_not_return_in_time_ends_with_its_tasks()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync(TestFramework.PartitionAware("brief", failover: 0.2));
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1"));
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Running);
        await framework.DisconnectAsync();

        await WaitAsync(() => Task.FromResult(agent.Tasks.Count == 0));
        Assert.Contains(agent.Events, e => e.Type == AgentEventType.KillFramework);
        await WaitAsync(async () => (await master.GetAsync("/frameworks")).GetProperty("completed_frameworks")
            .GetArrayLength() == 1);
        await using var late = await master.FrameworkAsync(framework.Info);
        Assert.Equal("Framework has been removed", late.Events.Single().Error!.Message);
        await master.VerifyAsync();
    }

    [Fact]
    public async Task Teardown_ends_all_tasks_and_counts_them_until_they_have_ended()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync();
        await using var other = await master.FrameworkAsync(TestFramework.PartitionAware("other"));
        await framework.WaitAsync(() => framework.Offers.Count + other.Offers.Count > 0);
        if (other.Offers.Count > 0) await other.DeclineAsync(other.Offers.First(), 0);
        var offer = await framework.OfferAsync();
        await framework.LaunchAsync(offer, TestFramework.Sleep(offer, "t1", cpus: 3));
        await framework.WaitAsync(() => framework.StateOf("t1") == TaskState.Running);
        await framework.CallAsync(new SchedulerCall { Type = CallType.Teardown });

        await WaitAsync(() => Task.FromResult(agent.Tasks.Count == 0));
        await other.CallAsync(new SchedulerCall { Type = CallType.Revive });
        await other.WaitAsync(() => other.Offers.Sum(TestFramework.Cpus) >= 3.999);
        await master.VerifyAsync();
    }

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    private static async Task WaitAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (!await condition()) await Task.Delay(20, limit.Token);
    }
}
