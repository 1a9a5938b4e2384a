using System.Threading.Channels;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Sessions;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Agent.Tests.Sessions;

/// <summary>How long a session lives, and what it holds for whom.</summary>
public sealed class SessionTests : IAsyncDisposable
{
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(15);
    private readonly FakeTimeProvider _time = new();
    private readonly SessionMemory _memory = new();
    private readonly FakeProcess _process = new();
    private readonly TaskCompletionSource _task = new();
    private readonly CancellationTokenSource _lost = new();
    private readonly Channel<byte[]> _sent = Channel.CreateUnbounded<byte[]>();

    [Fact]
    public async Task It_ends_after_fifteen_minutes_without_a_byte_to_or_fro()
    {
        using var session = Begin();
        var run = RunAsync(session);
        _time.Advance(Idle - TimeSpan.FromSeconds(1));
        await session.TakeAsync(ProcessIo.Of(ProcessStream.Stdin, [1]), default);
        _time.Advance(Idle - TimeSpan.FromSeconds(1));
        await _process.WriteOutAsync("x");
        await _sent.Reader.ReadAsync();
        _time.Advance(Idle - TimeSpan.FromSeconds(1));

        // The size of a window is no work, nor is a heartbeat.
        await session.TakeAsync(
            new ProcessIo { Control = new ProcessIoControl { Type = ProcessControlType.Heartbeat } }, default);
        Assert.False(run.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        await run.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal("nothing came or went for 15m", session.End);
        Assert.True(_process.IsDisposed);
        Assert.Equal((1, 1), session.Bytes);
    }

    [Fact]
    public async Task It_ends_with_its_connection_its_task_and_its_agent_and_each_is_said()
    {
        foreach (var (end, said) in ((Func<SessionTests, Session, Task> End, string Said)[])
        [
            ((test, _) => test._lost.CancelAsync(), "its connection was lost"),
            ((test, _) => Task.FromResult(test._task.TrySetResult()), "its task has ended"),
            ((_, session) => session.StopAsync(), "the agent stops"),
        ])
        {
            await using var test = new SessionTests();
            using var session = test.Begin();
            var run = test.RunAsync(session);
            await end(test, session);
            await run.WaitAsync(TimeSpan.FromMinutes(1));
            Assert.Equal(said, session.End);
            Assert.True(test._process.IsDisposed);
            Assert.Null(await session.Exit);
        }
    }

    [Fact]
    public async Task A_command_that_writes_more_than_is_taken_waits_and_nothing_is_held_for_it()
    {
        using var session = Begin();
        var held = new TaskCompletionSource();
        var taken = 0;
        var run = session.RunAsync(async (_, cancellation) =>
        {
            taken++;
            await held.Task.WaitAsync(cancellation);
        }, _task.Task, _lost.Token);
        var first = _process.WriteOutAsync("a");
        var second = _process.WriteOutAsync("b");
        await Wait.ForAsync(() => taken == 1, "the first record");
        Assert.False(first.IsCompleted || second.IsCompleted);
        held.SetResult();
        await Task.WhenAll(first, second);
        Assert.Equal(2, taken);

        // Its end is told once all is taken that it wrote.
        _process.End(7);
        await run.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal((7, "it has ended"), (await session.Exit, session.End));
    }

    [Fact]
    public async Task A_listener_that_does_not_keep_up_is_left_and_the_others_go_on()
    {
        using var session = Begin();
        var run = RunAsync(session);
        await using var slow = session.ListenAsync(default).GetAsyncEnumerator();
        var record = 0;
        for (var i = 0; i < 100; i++)
        {
            await _process.WriteOutAsync(new string('x', 32 * 1024));
            record = (await _sent.Reader.ReadAsync()).Length;
            if (i == 2) Assert.Equal((3 * record, 0), (_memory.WaitingBytes, _memory.Dropped));
        }

        // What waited is there all the same.
        Assert.Equal(1, _memory.Dropped);
        var read = 0;
        while (await slow.MoveNextAsync()) read++;
        Assert.Equal(SessionListener.MaxBytes / record, read);
        Assert.Equal(0, _memory.WaitingBytes);
        _process.End(0);
        await run.WaitAsync(TimeSpan.FromMinutes(1));
        await using var late = session.ListenAsync(default).GetAsyncEnumerator();
        Assert.False(await late.MoveNextAsync());
    }

    [Fact]
    public async Task Nothing_waits_for_a_listener_that_has_gone()
    {
        using var session = Begin();
        var run = RunAsync(session);
        await using (var gone = session.ListenAsync(default).GetAsyncEnumerator())
        {
            for (var i = 0; i < 3; i++)
            {
                await _process.WriteOutAsync("x");
                await _sent.Reader.ReadAsync();
            }

            Assert.True(await gone.MoveNextAsync());
            Assert.NotEqual(0, _memory.WaitingBytes);
        }

        Assert.Equal((0, 0), (_memory.WaitingBytes, _memory.Dropped));
        await _process.WriteOutAsync("x");
        await _sent.Reader.ReadAsync();
        Assert.Equal((0, 0), (_memory.WaitingBytes, _memory.Dropped));
        _process.End(0);
        await run.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void One_client_at_a_time_gives_the_input()
    {
        using var session = Begin();
        using (var input = session.TakeInput())
        {
            Assert.NotNull(input);
            Assert.Null(session.TakeInput());
        }

        using var next = session.TakeInput();
        Assert.NotNull(next);
    }

    [Fact]
    public void What_is_logged_of_a_command_is_one_line() =>
        Assert.Equal(@"sh -c 'echo a\x0aFORGED \x1b[2J' ''", SessionTable.Text(["sh", "-c", "echo a\nFORGED \u001b[2J", ""]));

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _lost.Dispose();
    }

    private Session Begin() => new(new ContainerId("s", new ContainerId("c")), "ops", _process, Idle, _memory, _time);

    private Task RunAsync(Session session) => session.RunAsync(
        (record, _) => Task.FromResult(_sent.Writer.TryWrite(record)), _task.Task, _lost.Token);

    private sealed class FakeProcess : ISessionProcess
    {
        private readonly TaskCompletionSource<int?> _exit = new();
        private readonly Channel<(byte[] Bytes, TaskCompletionSource Taken)> _output =
            Channel.CreateUnbounded<(byte[], TaskCompletionSource)>();

        public bool IsDisposed { get; private set; }

        public Task<int?> Exit => _exit.Task;

        public async Task ReadAsync(Func<ProcessStream, ReadOnlyMemory<byte>, ValueTask> take, CancellationToken cancellation)
        {
            await foreach (var (bytes, taken) in _output.Reader.ReadAllAsync(cancellation))
            {
                await take(ProcessStream.Stdout, bytes);
                taken.SetResult();
            }
        }

        public Task WriteOutAsync(string text)
        {
            var taken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _output.Writer.TryWrite((System.Text.Encoding.UTF8.GetBytes(text), taken));
            return taken.Task;
        }

        public void End(int code)
        {
            _output.Writer.Complete();
            _exit.SetResult(code);
        }

        public Task WriteAsync(byte[] data, CancellationToken cancellation) => Task.CompletedTask;

        public Task ResizeAsync(TtyWindow window, CancellationToken cancellation) => Task.CompletedTask;

        public Task SignalAsync(int signal, CancellationToken cancellation) => Task.CompletedTask;

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            _exit.TrySetResult(null);
            return default;
        }
    }
}
