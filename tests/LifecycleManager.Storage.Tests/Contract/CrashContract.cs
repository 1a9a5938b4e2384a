using System.Text;
using LifecycleManager.Storage.Tests.Children;

namespace LifecycleManager.Storage.Tests.Contract;

/// <summary>What holds when processes are killed and stopped, in every store that processes share.</summary>
public abstract class CrashContract : IAsyncLifetime
{
    private readonly List<ChildProcess> _children = [];

    protected TestState State { get; private set; } = null!;

    public ValueTask InitializeAsync()
    {
        State = NewState();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var child in _children) await child.DisposeAsync();
        if (State is not null) await State.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract TestState NewState();

    [Fact]
    public async Task A_killed_leader_loses_no_acknowledged_write_and_the_next_one_goes_on()
    {
        var store = (await State.OpenAsync()).Store;
        var first = await StartAsync();
        await first.NextAsync("elected");
        var second = await StartAsync();
        var acknowledged = 0L;
        for (var i = 0; i < 25; i++) acknowledged = long.Parse(await first.NextAsync("wrote"));
        first.Kill();
        foreach (var line in await first.RestAsync())
        {
            if (line.StartsWith("wrote ", StringComparison.Ordinal)) acknowledged = long.Parse(line[6..]);
        }

        await second.NextAsync("elected");
        var goesOn = long.Parse(await second.NextAsync("wrote"));
        Assert.InRange(goesOn, acknowledged + 1, acknowledged + 2);
        second.Kill();
        await AssertJournalAsync(store, goesOn);
    }

    [Fact]
    public async Task A_stopped_leader_is_followed_and_refused_when_it_goes_on()
    {
        var store = (await State.OpenAsync()).Store;
        var first = await StartAsync();
        var formerToken = long.Parse(await first.NextAsync("elected"));
        await first.NextAsync("wrote");
        first.Stop();
        var second = await StartAsync();
        if (!FreedByStopping)
        {
            // The lock is the living process's: nobody follows until it dies.
            first.Kill();
            await second.NextAsync("elected");
            return;
        }

        var token = long.Parse(await second.NextAsync("elected"));
        Assert.True(token > formerToken);
        await second.NextAsync("wrote");
        first.Continue();
        Assert.Contains(await first.NextAsync("refused"),
            new[] { nameof(FencedException), nameof(WriteOutcomeUnknownException), nameof(StateUnavailableException),
                nameof(StateConflictException) });
        var number = long.Parse(await second.NextAsync("wrote"));
        second.Kill();
        await AssertJournalAsync(store, number);
    }

    /// <summary>By hand (<c>-explicit only</c>): half a minute of processes stopped, going on, killed and started.</summary>
    [Fact(Explicit = true)]
    public async Task A_storm_of_failures_leaves_one_unbroken_journal()
    {
        var store = (await State.OpenAsync()).Store;
        var random = new Random();
        var living = new List<ChildProcess>();
        for (var i = 0; i < 4; i++) living.Add(await StartAsync());
        for (var end = DateTime.UtcNow.AddSeconds(30); DateTime.UtcNow < end;)
        {
            await Task.Delay(random.Next(50, 1500));
            var chosen = random.Next(living.Count);
            switch (random.Next(4))
            {
                case 0:
                    living[chosen].Kill();
                    living[chosen] = await StartAsync();
                    break;
                case 1:
                    living[chosen].Continue();
                    break;
                default:
                    living[chosen].Stop();
                    break;
            }
        }

        foreach (var child in living) child.Kill();
        TestContext.Current.SendDiagnosticMessage($"{(await store.GetAsync("last"))?.Version} entries");
        await AssertJournalAsync(store, 1);
    }

    protected virtual bool FreedByStopping => true;

    private async Task<ChildProcess> StartAsync()
    {
        var child = new ChildProcess(State.Address, State.Password);
        _children.Add(child);
        await child.NextAsync("opened");
        return child;
    }

    /// <summary>No entry is missing, and no leader wrote after a later one had begun.</summary>
    private static async Task AssertJournalAsync(IStateStore store, long least)
    {
        var journal = await store.ListAsync("journal/").ToListAsync();
        Assert.True(journal.Count >= least, $"{journal.Count} entries, {least} were acknowledged");
        Assert.Equal(Enumerable.Range(1, journal.Count).Select(n => $"journal/{n:D8}"), journal.Select(entry => entry.Key));
        var tokens = journal.Select(entry => long.Parse(Encoding.UTF8.GetString(entry.Value.Span))).ToList();
        Assert.Equal(tokens.Order(), tokens);
    }
}
