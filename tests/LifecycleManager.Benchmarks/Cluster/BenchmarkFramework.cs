using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Threading.Channels;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Benchmarks.Cluster;

/// <summary>
/// A framework over the real API that launches tasks in every offer while told to, and acknowledges each status.
/// </summary>
internal sealed class BenchmarkFramework : IAsyncDisposable
{
    private const int Senders = 4;
    private readonly HttpClient _client;
    private readonly CancellationTokenSource _ends = new();
    private readonly Channel<SchedulerCall> _calls = Channel.CreateUnbounded<SchedulerCall>();
    private readonly Action _running;
    private readonly string _name;
    private readonly Task[] _sending;
    private Task _reading = Task.CompletedTask;
    private FrameworkId _id;
    private string _streamId = "";
    private int _launched;

    /// <param name="master">The leading master.</param>
    /// <param name="name">Its name, and the prefix of its tasks' ids.</param>
    /// <param name="running">Called for each task that RUNS.</param>
    public BenchmarkFramework(Uri master, string name, Action running)
    {
        _client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = master,
            Timeout = Timeout.InfiniteTimeSpan
        };
        _name = name;
        _running = running;
        _sending = [.. Enumerable.Range(0, Senders).Select(_ => SendAsync())];
    }

    /// <summary>Offers that came.</summary>
    public int Offers { get; private set; }

    /// <summary>Gives how many tasks of the next offer to launch; without any the offer is kept.</summary>
    public Func<int> Wanted { get; set; } = () => 0;

    /// <summary>Opens the stream.</summary>
    public async Task SubscribeAsync()
    {
        var info = new FrameworkInfo
        {
            User = "",
            Name = _name,
            FailoverTimeout = 3600,
            Roles = ["*"],
            Capabilities = [new(FrameworkCapability.PartitionAware), new(FrameworkCapability.MultiRole)],
        };
        var response = await PostAsync(new SchedulerCall { Type = CallType.Subscribe, Subscribe = new SubscribeCall(info) });
        response.EnsureSuccessStatusCode();
        _streamId = response.Headers.GetValues("Mesos-Stream-Id").Single();
        var subscribed = new TaskCompletionSource();
        _reading = ReadAsync(response, subscribed);
        await subscribed.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>Ends the framework and its tasks.</summary>
    public async Task TeardownAsync()
    {
        using var response = await PostAsync(new SchedulerCall { Type = CallType.Teardown, FrameworkId = _id });
        response.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        await _ends.CancelAsync();
        await Task.WhenAll([.. _sending, _reading]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _client.Dispose();
        _ends.Dispose();
    }

    private async Task ReadAsync(HttpResponseMessage response, TaskCompletionSource subscribed)
    {
        using (response)
        {
            await using var stream = await response.Content.ReadAsStreamAsync(_ends.Token);
            await foreach (var message in RecordIo.ReadAsync(stream, MesosJson.Default.SchedulerEvent, cancellation: _ends.Token))
            {
                switch (message.Type)
                {
                    case EventType.Subscribed:
                        _id = message.Subscribed!.FrameworkId;
                        subscribed.TrySetResult();
                        break;
                    case EventType.Offers:
                        foreach (var offer in message.Offers!.Offers) Take(offer);
                        break;
                    case EventType.Update:
                        Acknowledge(message.Update!.Status);
                        break;
                }
            }
        }
    }

    private void Take(Offer offer)
    {
        Offers++;
        if (Wanted() is not (> 0 and var count)) return;
        var tasks = Enumerable.Range(0, count).Select(_ => new TaskInfo
        {
            Name = _name,
            TaskId = new TaskId(_name + "." + (_launched++).ToString(CultureInfo.InvariantCulture)),
            AgentId = offer.AgentId,
            Command = new CommandInfo { Value = "sleep 1000" },
            Resources = [Resource.OfScalar("cpus", 0.1), Resource.OfScalar("mem", 32)],
        }).ToArray();
        Call(new SchedulerCall
        {
            Type = CallType.Accept,
            Accept = new AcceptCall(
                [offer.Id], [new Operation { Type = OperationType.Launch, Launch = new LaunchOperation(tasks) }],
                new Filters { RefuseSeconds = 3600 }),
        });
    }

    private void Acknowledge(TaskStatusInfo status)
    {
        if (status.State == TaskState.Running) _running();
        if (status.Uuid is not { } uuid) return;
        Call(new SchedulerCall
        {
            Type = CallType.Acknowledge,
            Acknowledge = new AcknowledgeCall(status.AgentId!.Value, status.TaskId, uuid),
        });
    }

    private void Call(SchedulerCall call) => _calls.Writer.TryWrite(call with { FrameworkId = _id });

    private async Task SendAsync()
    {
        await foreach (var call in _calls.Reader.ReadAllAsync(_ends.Token))
        {
            using var response = await PostAsync(call);
            if (!response.IsSuccessStatusCode)
                throw new HttpRequestException(
                    $"{call.Type}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(_ends.Token)}");
        }
    }

    private Task<HttpResponseMessage> PostAsync(SchedulerCall call)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/scheduler")
        {
            Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(call, MesosJson.Default.SchedulerCall))
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
            },
        };
        if (_streamId.Length > 0) request.Headers.Add("Mesos-Stream-Id", _streamId);
        return _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _ends.Token);
    }
}
