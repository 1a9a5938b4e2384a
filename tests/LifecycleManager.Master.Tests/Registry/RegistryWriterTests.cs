using LifecycleManager.Master.Registry;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Master.Tests.Registry;

public sealed class RegistryWriterTests : IAsyncDisposable
{
    private static readonly StateWrite[] Write = [new StateWrite("master/roles", new byte[] { 1 })];
    private readonly FakeTimeProvider _time = new();
    private readonly SlowStore _store = new();
    private readonly Queue<Action> _posted = new();
    private readonly List<string> _outcomes = [];
    private readonly CancellationTokenSource _end = new();
    private readonly RegistryWriter _writer;
    private readonly Task _running;

    public RegistryWriterTests()
    {
        _writer = new RegistryWriter(
            _store, new Fence("master", 1), _time,
            action =>
            {
                lock (_posted) _posted.Enqueue(action);
                return ValueTask.CompletedTask;
            },
            new SetAsideRecords(), new RoleHealth(_time).Loop("the registry"), NullLogger.Instance);
        _running = _writer.RunAsync(_end.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await ((Task)_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    [Fact]
    public async Task A_write_that_is_not_on_its_way_after_four_seconds_is_withdrawn_and_those_behind_it_newest_first()
    {
        _store.IsHanging = true;
        Commit("a");
        await Eventually.TrueAsync(() => _store.Attempts == 1);
        Commit("b");
        Commit("c");
        _time.Advance(RegistryWriter.RefusalTimeout - TimeSpan.FromMilliseconds(1));
        Assert.Null(_writer.Problem);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await OutcomesAsync("a refused", "c refused", "b refused");
        Assert.StartsWith("the state store takes no writes", _writer.Problem, StringComparison.Ordinal);
        Assert.Equal(0, _store.Written);
    }

    [Fact]
    public async Task Writes_that_fail_are_repeated_in_their_order_until_the_store_takes_them()
    {
        _store.Refusal = "disk full";
        Commit("a");
        Commit("b");
        await Eventually.TrueAsync(() => _store.Attempts > 0);
        _store.Refusal = null;
        await Eventually.TrueAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return Posted() == 2;
        });
        await OutcomesAsync("a durable", "b durable");
        Assert.Null(_writer.Problem);
    }

    [Fact]
    public async Task What_was_committed_before_the_owner_knew_of_a_withdrawal_is_withdrawn_too()
    {
        _store.Refusal = "disk full";
        Commit("a");
        await Eventually.TrueAsync(() => _store.Attempts > 0);
        await Eventually.TrueAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return Posted() == 1;
        });

        // The store takes writes again, and the owner has not yet heard that the first was withdrawn: the second may rest on it.
        _store.Refusal = null;
        await Eventually.TrueAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return _writer.Problem is null;
        });
        Commit("b");
        await Eventually.TrueAsync(() => Posted() == 2);
        await OutcomesAsync("a refused", "b refused");
        Commit("c");
        await OutcomesAsync("a refused", "b refused", "c durable");
    }

    private void Commit(string name) =>
        _writer.Commit(Write, () => _outcomes.Add(name + " durable"), _ => _outcomes.Add(name + " refused"));

    private int Posted()
    {
        lock (_posted) return _posted.Count;
    }

    /// <summary>What was posted to the owner is done.</summary>
    private async Task OutcomesAsync(params string[] expected)
    {
        await Eventually.TrueAsync(() =>
        {
            lock (_posted)
            {
                while (_posted.TryDequeue(out var action)) action();
            }

            return _outcomes.Count >= expected.Length;
        });
        Assert.Equal(expected, _outcomes);
    }

    private sealed class SlowStore : IStateStore
    {
        public bool IsHanging { get; set; }

        public string? Refusal { get; set; }

        public int Attempts { get; private set; }

        public int Written { get; private set; }

        public async Task WriteAsync(IReadOnlyList<StateWrite> writes, Fence? fence = null,
            CancellationToken cancellation = default)
        {
            Attempts++;
            if (IsHanging) await Task.Delay(Timeout.Infinite, cancellation);
            if (Refusal is { } cause) throw new StateUnavailableException(cause);
            Written++;
        }

        public Task<StateEntry?> GetAsync(string key, CancellationToken cancellation = default) =>
            throw new NotSupportedException();

        public IAsyncEnumerable<StateEntry> ListAsync(string prefix, CancellationToken cancellation = default) =>
            throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
