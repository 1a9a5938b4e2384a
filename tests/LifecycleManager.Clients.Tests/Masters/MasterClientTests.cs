using System.Net;
using System.Net.Http.Headers;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Clients.Masters;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Clients.Tests.Masters;

public sealed class MasterClientTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_stream_is_opened_at_the_leader_and_its_calls_go_there_with_its_id()
    {
        string? streamId = null;
        var servers = new FakeServers(request =>
        {
            if (request.Headers.TryGetValues("Mesos-Stream-Id", out var ids)) streamId = ids.Single();
            return request.RequestUri!.Host == "leader" ? Stream(new AgentEvent { Type = AgentEventType.Ping })
                : FakeServers.Redirect("//leader:5050");
        });
        var client = Client(servers, "http://standby:5050");

        using var stream = await client.OpenAsync(new AgentCall { Type = AgentCallType.Register }, Limit, default);
        Assert.Null(streamId);
        await stream.SendAsync(new AgentCall { Type = AgentCallType.Pong }, default);

        Assert.Equal((new Uri("http://leader:5050"), "s1"), (stream.Master, streamId));
        Assert.All(servers.Calls, call => Assert.Contains(":5050/api/v1/agent Basic secret", call, StringComparison.Ordinal));
        var events = new List<AgentEventType>();
        await foreach (var message in stream.ReadAsync(default)) events.Add(message.Type);
        Assert.Equal([AgentEventType.Ping], events);
    }

    [Fact]
    public async Task A_call_of_a_master_that_leads_no_more_is_refused_and_not_followed()
    {
        var leads = true;
        var servers = new FakeServers(_ => leads ? Stream() : FakeServers.Redirect("//other:5050"));
        using var stream =
            await Client(servers, "http://one:5050").OpenAsync(new AgentCall { Type = AgentCallType.Register }, Limit, default);

        leads = false;
        var refusal = await Assert.ThrowsAsync<MasterRefusalException>(() =>
            stream.SendAsync(new AgentCall { Type = AgentCallType.Pong }, default));

        Assert.Equal(HttpStatusCode.TemporaryRedirect, refusal.Status);
        Assert.Equal(2, servers.Calls.Count);
    }

    [Fact]
    public async Task Each_attempt_asks_the_next_master_and_a_refusal_says_why()
    {
        var servers = new FakeServers(_ => new HttpResponseMessage(HttpStatusCode.Forbidden)
        {
            Content = new StringContent("who\nare you?" + new string('!', 100_000)),
        });
        var client = Client(servers, "http://one:1", "http://two:2");
        foreach (var master in (string[])["http://one:1/", "http://two:2/", "http://one:1/"])
        {
            var refusal = await Assert.ThrowsAsync<MasterRefusalException>(() =>
                client.OpenAsync(new AgentCall { Type = AgentCallType.Register }, Limit, default));
            Assert.Equal(new Uri(master), client.Asked);
            Assert.StartsWith("it answered 403 who are you?!", refusal.Message, StringComparison.Ordinal);
            Assert.InRange(refusal.Reason.Length, 1, 4_096);
        }

        Assert.Equal(["one", "two", "one"], servers.Calls.Select(call => new Uri(call.Split(' ')[0]).Host));
    }

    public static TheoryData<Func<HttpResponseMessage>> WithoutLeader => new(
        () => throw new HttpRequestException(HttpRequestError.ConnectionError),
        () => throw new TaskCanceledException("not connected in time"),
        () => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable));

    [Theory]
    [MemberData(nameof(WithoutLeader))]
    public async Task One_attempt_asks_all_masters_until_one_leads(Func<HttpResponseMessage> answer)
    {
        var leader = "two";
        var servers = new FakeServers(request => request.RequestUri!.Host == leader ? Stream() : answer());
        var client = Client(servers, "http://one:1", "http://two:2", "http://three:3");

        using var stream = await client.OpenAsync(new AgentCall { Type = AgentCallType.Register }, Limit, default);
        Assert.Equal(new Uri("http://two:2"), stream.Master);
        leader = "nobody";
        await Assert.ThrowsAnyAsync<Exception>(() =>
            client.OpenAsync(new AgentCall { Type = AgentCallType.Register }, Limit, default));

        Assert.Equal(["one", "two", "three", "one", "two"], servers.Calls.Select(call => new Uri(call.Split(' ')[0]).Host));
    }

    [Fact]
    public async Task A_master_that_does_not_answer_in_time_is_given_up()
    {
        var servers = new FakeServers(async (_, cancellation) =>
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            throw new InvalidOperationException();
        });
        var opening = Client(servers, "http://one:1").OpenAsync(new AgentCall { Type = AgentCallType.Register }, Limit, default);

        _time.Advance(Limit);

        Assert.Equal("no answer within 10 s", (await Assert.ThrowsAsync<TimeoutException>(() => opening)).Message);
    }

    [Fact]
    public async Task An_answer_without_a_stream_id_is_no_stream()
    {
        var servers = new FakeServers(_ => new HttpResponseMessage(HttpStatusCode.OK));

        Assert.Equal("the answer has no Mesos-Stream-Id", (await Assert.ThrowsAsync<HttpRequestException>(() =>
            Client(servers, "http://one:1").OpenAsync(new AgentCall { Type = AgentCallType.Register }, Limit, default))).Message);
    }

    private static HttpResponseMessage Stream(params AgentEvent[] events) => new(HttpStatusCode.OK)
    {
        Headers = { { "Mesos-Stream-Id", "s1" } },
        Content = new ByteArrayContent([.. events.SelectMany(message => RecordIo.Encode(message, AgentJson.Default.AgentEvent))]),
    };

    private MasterClient<AgentCall, AgentEvent> Client(FakeServers servers, params string[] masters) => new(
        new MasterHttp(() => new AuthenticationHeaderValue("Basic", "secret"), servers),
        new AddressList([.. masters.Select(master => new Uri(master))]), "/api/v1/agent", AgentJson.Default.AgentCall,
        AgentJson.Default.AgentEvent, _time);
}
