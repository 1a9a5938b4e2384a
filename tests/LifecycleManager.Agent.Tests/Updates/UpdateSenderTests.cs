using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Agent.Updates;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Agent.Tests.Updates;

public sealed class UpdateSenderTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly CountingTime _time = new();
    private readonly LoopReport _report;
    private int _underWay;
    private int _mostUnderWay;
    private readonly List<AgentCall> _sent = [];
    private readonly CancellationTokenSource _stop = new();

    public UpdateSenderTests() => _report = new RoleHealth(_time).Loop("the updates");

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

    [Fact]
    public async Task A_framework_that_is_back_is_told_at_once_and_no_other_is()
    {
        var sender = Start();
        using StatusLog mine = new(null), other = new(null);
        sender.Add(new FrameworkId("f"), new TaskId("mine"), mine);
        sender.Add(new FrameworkId("g"), new TaskId("other"), other);
        mine.Append(Of(TaskState.Starting));
        other.Append(Of(TaskState.Starting));
        await SentAsync(2);

        sender.SendAgain(new FrameworkId("f"));

        await SentAsync(3);
        Assert.Equal("f", Sent[2].Update!.FrameworkId.Value);
        await PassAsync(TimeSpan.FromSeconds(9));
        Assert.Equal(3, Sent.Count);
        await PassAsync(TimeSpan.FromSeconds(1));
        await SentAsync(5);
    }

    [Fact]
    public async Task Tasks_do_not_wait_for_each_other()
    {
        using var gate = new SemaphoreSlim(0);
        var sender = Start(gate);
        var logs = Enumerable.Range(0, 8).Select(_ => new StatusLog(null)).ToList();
        for (var i = 0; i < logs.Count; i++)
        {
            sender.Add(new FrameworkId("f"), new TaskId($"t{i}"), logs[i]);
            logs[i].Append(Of(TaskState.Starting));
        }

        // No call is answered, and yet all are made.
        await SentAsync(8);
        Assert.Equal(8, Sent.Select(call => call.Update!.Status.TaskId).Count());

        // News of the same task wait for the call before them, whoever acknowledges it meanwhile.
        logs[0].Append(Of(TaskState.Running));
        logs[0].Acknowledge(logs[0].Head!.Uuid!);
        var (turns, other) = (_report.Turns, new StatusLog(null));
        sender.Add(new FrameworkId("f"), new TaskId("other"), other);
        other.Append(Of(TaskState.Starting));
        await SentAsync(9);
        Assert.True(_report.Turns > turns);
        Assert.DoesNotContain(Sent, call => call.Update!.Status.State == TaskState.Running);
        gate.Release(9);
        await SentAsync(10);
        Assert.Equal(TaskState.Running, Sent[9].Update!.Status.State);
    }

    [Fact]
    public async Task No_more_calls_than_stated_are_under_way_and_the_others_follow()
    {
        using var gate = new SemaphoreSlim(0);
        var sender = Start(gate);
        for (var i = 0; i < 3 * UpdateSender.MaxAtOnce; i++)
        {
            var log = new StatusLog(null);
            log.Append(Of(TaskState.Starting) with { TaskId = new TaskId($"t{i}") });
            sender.Add(new FrameworkId("f"), new TaskId($"t{i}"), log);
        }

        for (var round = 1; round <= 3; round++)
        {
            await SentAsync(round * UpdateSender.MaxAtOnce);
            Assert.Equal(UpdateSender.MaxAtOnce, _mostUnderWay);
            gate.Release(UpdateSender.MaxAtOnce);
        }

        Assert.Equal(3 * UpdateSender.MaxAtOnce, Sent.Select(call => call.Update!.Status.TaskId).Distinct().Count());
    }

    [Fact]
    public async Task A_status_that_should_be_known_is_told_once_and_never_overtakes_the_tasks_own()
    {
        using var gate = new SemaphoreSlim(0);
        var sender = Start(gate);
        using var log = new StatusLog(null);
        sender.Add(new FrameworkId("f"), new TaskId("t"), log);
        log.Append(Of(TaskState.Running));
        await SentAsync(1);

        sender.Repeat(new FrameworkId("f"), log.Latest!);
        sender.Repeat(new FrameworkId("f"), Of(TaskState.Failed) with { TaskId = new TaskId("over") });
        await SentAsync(2);
        Assert.Equal((TaskState.Failed, null), (Sent[1].Update!.Status.State, Sent[1].Update!.Status.Uuid));

        // What waits for its acknowledgement is repeated itself; what nothing waits for is told without.
        log.Acknowledge(log.Head!.Uuid!);
        gate.Release(2);
        await SentAsync(3);
        Assert.Equal((TaskState.Running, null), (Sent[2].Update!.Status.State, Sent[2].Update!.Status.Uuid));
        gate.Release();
        _time.Advance(TimeSpan.FromHours(1));
        sender.SendAllAgain();
        await Eventually.TrueAsync(() => _underWay == 0);
        Assert.Equal(3, Sent.Count);
    }

    private UpdateSender Start(SemaphoreSlim? gate = null)
    {
        var options = new AgentOptions { WorkDirectory = _directory.Path };
        var sender = new UpdateSender(options, _time, NullLogger<UpdateSender>.Instance);
        _ = Task.Run(() => sender.RunAsync(
            async (call, cancellation) =>
            {
                lock (_sent)
                {
                    _sent.Add(call);
                    _mostUnderWay = Math.Max(_mostUnderWay, ++_underWay);
                }

                if (gate is not null) await gate.WaitAsync(cancellation);
                lock (_sent) _underWay--;
                return true;
            },
            _report, _stop.Token));
        return sender;
    }

    private IReadOnlyList<AgentCall> Sent
    {
        get
        {
            lock (_sent) return [.. _sent];
        }
    }

    private Task SentAsync(int count) => Eventually.TrueAsync(() => Sent.Count >= count, $"{count} calls");

    private async Task PassAsync(TimeSpan span)
    {
        // The loop has set the timer of each of its turns.
        await Eventually.TrueAsync(() => _report.Turns == _time.Timers, "the loop waits");
        _time.Advance(span);
    }

    private static TaskStatusInfo Of(TaskState state) =>
        new() { TaskId = new TaskId("t"), State = state, Uuid = Guid.NewGuid().ToByteArray() };

    private sealed class CountingTime : FakeTimeProvider
    {
        private int _timers;

        public int Timers => Volatile.Read(ref _timers);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            Interlocked.Increment(ref _timers);
            return timer;
        }
    }
}
