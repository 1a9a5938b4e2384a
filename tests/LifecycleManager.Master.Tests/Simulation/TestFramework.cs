using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Simulation;

/// <summary>A framework over the real API that notes every event; what it does with them is the test's.</summary>
public sealed class TestFramework(HttpClient client, FrameworkInfo info) : IAsyncDisposable
{
    private readonly ConcurrentQueue<SchedulerEvent> _events = new();
    private readonly ConcurrentDictionary<OfferId, Offer> _offers = new();
    private readonly SemaphoreSlim _came = new(0);
    private CancellationTokenSource _connection = new();
    private Task _reading = Task.CompletedTask;

    public FrameworkInfo Info { get; private set; } = info;

    public FrameworkId Id => Info.Id!.Value;

    public string StreamId { get; private set; } = "";

    /// <summary>Whether statuses are acknowledged as they come.</summary>
    public bool Acknowledges { get; set; } = true;

    public IReadOnlyCollection<SchedulerEvent> Events => _events;

    /// <summary>Offers that were neither used nor rescinded.</summary>
    public ICollection<Offer> Offers => _offers.Values;

    public bool IsConnected => !_reading.IsCompleted;

    public IEnumerable<TaskStatusInfo> Updates(string task) =>
        _events.Where(e => e.Update?.Status.TaskId.Value == task).Select(e => e.Update!.Status);

    public TaskState? StateOf(string task) => Updates(task).LastOrDefault()?.State;

    public static FrameworkInfo PartitionAware(string name, double failover = 3600, params string[] roles) => new()
    {
        User = "",
        Name = name,
        FailoverTimeout = failover,
        Roles = roles.Length > 0 ? roles : ["*"],
        Capabilities = [new(FrameworkCapability.PartitionAware), new(FrameworkCapability.MultiRole)],
    };

    public async Task<TestFramework> SubscribeAsync()
    {
        var response = await PostAsync(
            new SchedulerCall { Type = CallType.Subscribe, FrameworkId = Info.Id, Subscribe = new SubscribeCall(Info) },
            streaming: true);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new HttpRequestException($"SUBSCRIBE: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }

        StreamId = response.Headers.GetValues("Mesos-Stream-Id").Single();
        var seen = _events.Count;
        _connection = new CancellationTokenSource();
        _reading = ReadAsync(response, _connection.Token);
        await WaitAsync(() => _events.Skip(seen).Any(e => e.Type is EventType.Subscribed or EventType.Error));
        return this;
    }

    public async Task DisconnectAsync()
    {
        await _connection.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _offers.Clear();
    }

    /// <summary>Makes a call and gives its status and text.</summary>
    public async Task<(HttpStatusCode Status, string Text)> CallAsync(SchedulerCall call, string? streamId = null)
    {
        using var response = await PostAsync(call with { FrameworkId = call.FrameworkId ?? Info.Id },
            streamId: streamId ?? StreamId);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Waits for an offer with at least so many cpus and takes it.</summary>
    public async Task<Offer> OfferAsync(double cpus = 0.01)
    {
        Offer? offer = null;
        await WaitAsync(() => (offer = _offers.Values.FirstOrDefault(o => Cpus(o) >= cpus)) is not null);
        _offers.TryRemove(offer!.Id, out _);
        return offer;
    }

    public static double Cpus(Offer offer) => offer.Resources.Where(r => r.Name == "cpus").Sum(r => r.Scalar!.Value);

    public static TaskInfo Sleep(Offer offer, string id, double cpus = 0.5, double mem = 32) => new()
    {
        Name = id,
        TaskId = new TaskId(id),
        AgentId = offer.AgentId,
        Command = new CommandInfo { Value = "sleep 1000" },
        Resources = [Resource.OfScalar("cpus", cpus), Resource.OfScalar("mem", mem)],
    };

    public Task<(HttpStatusCode Status, string Text)> LaunchAsync(Offer offer, params TaskInfo[] tasks) =>
        AcceptAsync([offer], 0, new Operation { Type = OperationType.Launch, Launch = new LaunchOperation(tasks) });

    public Task<(HttpStatusCode Status, string Text)> AcceptAsync(
        IReadOnlyList<Offer> offers, double refuseSeconds, params Operation[] operations) => CallAsync(new SchedulerCall
        {
            Type = CallType.Accept,
            Accept = new AcceptCall([.. offers.Select(o => o.Id)], operations, new Filters { RefuseSeconds = refuseSeconds }),
        });

    public Task<(HttpStatusCode Status, string Text)> DeclineAsync(Offer offer, double? refuseSeconds = null) =>
        CallAsync(new SchedulerCall
        {
            Type = CallType.Decline,
            Decline = new DeclineCall([offer.Id], refuseSeconds is { } s ? new Filters { RefuseSeconds = s } : null),
        });

    /// <summary>Waits until something is so, looking after each event.</summary>
    public async Task WaitAsync(Func<bool> condition, int seconds = 60)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await _came.WaitAsync(TimeSpan.FromMilliseconds(20), limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await DisconnectAsync();
        _connection.Dispose();
        _came.Dispose();
    }

    private async Task<HttpResponseMessage> PostAsync(SchedulerCall call, bool streaming = false, string? streamId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/scheduler")
        {
            Content = new StringContent(
                JsonSerializer.Serialize(call, MesosJson.Default.SchedulerCall), Encoding.UTF8,
                new MediaTypeHeaderValue("application/json")),
        };
        if (!string.IsNullOrEmpty(streamId)) request.Headers.Add("Mesos-Stream-Id", streamId);
        return await client.SendAsync(request, streaming ? HttpCompletionOption.ResponseHeadersRead
            : HttpCompletionOption.ResponseContentRead);
    }

    private async Task ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        using (response)
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
            await foreach (var message in RecordIo.ReadAsync(stream, MesosJson.Default.SchedulerEvent,
                cancellation: cancellation))
            {
                if (message.Subscribed is { } subscribed) Info = Info with { Id = subscribed.FrameworkId };
                foreach (var offer in message.Offers?.Offers ?? []) _offers[offer.Id] = offer;
                if (message.Rescind is { } rescind) _offers.TryRemove(rescind.OfferId, out _);
                _events.Enqueue(message);
                _came.Release();
                if (Acknowledges && message.Update?.Status is { Uuid: { } uuid } status) await AcknowledgeAsync(status, uuid);
            }
        }
    }

    private Task<(HttpStatusCode Status, string Text)> AcknowledgeAsync(TaskStatusInfo status, byte[] uuid) =>
        CallAsync(new SchedulerCall
        {
            Type = CallType.Acknowledge,
            Acknowledge = new AcknowledgeCall(status.AgentId!.Value, status.TaskId, uuid),
        });
}
