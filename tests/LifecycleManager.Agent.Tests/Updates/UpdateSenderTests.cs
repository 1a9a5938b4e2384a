using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Agent.Updates;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Agent.Tests.Updates;

public sealed class UpdateSenderTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly FakeTimeProvider _time = new();
    private readonly List<AgentCall> _sent = [];
    private readonly CancellationTokenSource _stop = new();

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task An_update_is_repeated_with_growing_delay_until_it_is_acknowledged()
    {
        var sender = Start();
        using var log = new StatusLog(Path.Combine(_directory.Path, "a"));
        sender.Add(new FrameworkId("f"), new TaskId("t"), log);
        log.Append(Of(TaskState.Starting));
        log.Append(Of(TaskState.Running));
        await SentAsync(1);

        // 10, 20, 40 ... 600 seconds.
        foreach (var (count, delay) in new[] { (2, 10), (3, 20), (4, 40) })
        {
            await PassAsync(TimeSpan.FromSeconds(delay - 1));
            Assert.Equal(count - 1, Sent.Count);
            await PassAsync(TimeSpan.FromSeconds(1));
            await SentAsync(count);
        }

        Assert.All(Sent, call => Assert.Equal(TaskState.Starting, call.Update!.Status.State));
        Assert.All(Sent.Skip(1), call => Assert.Equal(TaskState.Running, call.Update!.LatestState));

        log.Acknowledge(log.Head!.Uuid!);
        await SentAsync(5);
        Assert.Equal(TaskState.Running, Sent[4].Update!.Status.State);
        log.Acknowledge(log.Head!.Uuid!);
        await PassAsync(TimeSpan.FromHours(1));
        Assert.Equal(5, Sent.Count);
    }

    [Fact]
    public async Task A_new_master_is_told_at_once()
    {
        var sender = Start();
        using var log = new StatusLog(Path.Combine(_directory.Path, "a"));
        sender.Add(new FrameworkId("f"), new TaskId("t"), log);
        log.Append(Of(TaskState.Starting));
        await SentAsync(1);

        sender.SendAllAgain();

        await SentAsync(2);
    }

    private UpdateSender Start()
    {
        var options = new AgentOptions { WorkDirectory = _directory.Path };
        var sender = new UpdateSender(options, _time, NullLogger<UpdateSender>.Instance);
        _ = Task.Run(() => sender.RunAsync(
            (call, _) =>
            {
                lock (_sent) _sent.Add(call);
                return Task.FromResult(true);
            },
            _stop.Token));
        return sender;
    }

    private IReadOnlyList<AgentCall> Sent
    {
        get
        {
            lock (_sent) return [.. _sent];
        }
    }

    private Task SentAsync(int count) => Wait.ForAsync(() => Sent.Count >= count, $"{count} calls");

    private async Task PassAsync(TimeSpan span)
    {
        // The loop has set its timer when it has had the time to.
        await Task.Delay(100);
        _time.Advance(span);
        await Task.Delay(100);
    }

    private static TaskStatusInfo Of(TaskState state) => new() { TaskId = new TaskId("t"), State = state, Uuid = Guid.NewGuid().ToByteArray() };
}
