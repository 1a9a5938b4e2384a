using System.Text;
using LifecycleManager.Storage.Tests.Faults;

namespace LifecycleManager.Storage.Tests.Contract;

/// <summary>What holds in a store across a network while the network fails.</summary>
public abstract class FaultContract : IAsyncLifetime
{
    private static readonly TimeSpan Generous = TimeSpan.FromMinutes(1);

    private protected TestState State { get; private set; } = null!;

    private protected FaultyProxy Proxy { get; private set; } = null!;

    /// <summary>Bytes of the request that puts a write of the key <c>marked</c> into force.</summary>
    protected abstract string Commit { get; }

    public ValueTask InitializeAsync()
    {
        State = NewState();
        Proxy = new FaultyProxy(State.Server.Host, State.Server.Port);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (State is not null) await State.DisposeAsync();
        if (Proxy is not null) await Proxy.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract TestState NewState();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_write_whose_answer_is_lost_says_that_its_outcome_is_unknown_and_is_not_repeated(bool reachesServer)
    {
        var direct = await State.OpenAsync();
        var store = (await OpenThroughProxyAsync()).Store;
        await store.WriteAsync([new StateWrite("other", new byte[] { 1 })]);
        if (reachesServer) Proxy.LoseAnswerTo(Encoding.UTF8.GetBytes(Commit));
        else Proxy.LoseRequest(Encoding.UTF8.GetBytes(Commit));
        await Assert.ThrowsAsync<WriteOutcomeUnknownException>(() =>
            store.WriteAsync([new StateWrite("marked", new byte[] { 1 }, 0)]));
        await Task.Delay(300);
        Assert.Equal(reachesServer ? 1 : null, (await direct.Store.GetAsync("marked"))?.Version);
        await store.WriteAsync([new StateWrite("marked", new byte[] { 2 }, reachesServer ? 1 : 0)]);
    }

    [Fact]
    public async Task Broken_connections_are_made_anew_and_calls_go_on()
    {
        var store = (await OpenThroughProxyAsync()).Store;
        var acknowledged = 0;
        for (var i = 0; i < 10; i++)
        {
            Proxy.Cut();
            try
            {
                await store.WriteAsync([new StateWrite("k", new byte[] { (byte)i })]);
                acknowledged++;
            }
            catch (WriteOutcomeUnknownException)
            {
                // It was sent before the break was seen.
            }

            Proxy.Cut();
            Assert.NotNull(await store.GetAsync("k"));
        }

        Assert.InRange((await store.GetAsync("k"))!.Version, acknowledged, 10);
        Assert.InRange(acknowledged, 1, 10);
    }

    [Fact]
    public async Task While_nobody_answers_calls_fail_and_say_so_afterwards_they_work()
    {
        var store = (await OpenThroughProxyAsync(TimeSpan.FromSeconds(2))).Store;
        await store.WriteAsync([new StateWrite("k", new byte[] { 1 })]);
        Proxy.Refuses = true;
        Proxy.Cut();
        await Task.Delay(200);
        await Assert.ThrowsAsync<StateUnavailableException>(() => store.GetAsync("k").WaitAsync(Generous));
        await Assert.ThrowsAsync<StateUnavailableException>(() => store.WriteAsync([new StateWrite("k", new byte[] { 2 })])
            .WaitAsync(Generous));
        await Assert.ThrowsAsync<StateUnavailableException>(async () => await store.ListAsync("").CountAsync());
        Proxy.Refuses = false;
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                return await store.GetAsync("k") is { Version: 1 };
            }
            catch (StateUnavailableException)
            {
                return false;
            }
        });
    }

    [Fact]
    public async Task A_leader_that_is_cut_off_has_lost_before_another_is_elected()
    {
        var (cut, other) = (await OpenThroughProxyAsync(), await State.OpenAsync());
        var former = await cut.Election.StandAsync("master", "http://cut").WaitAsync(Generous);
        var waiting = other.Election.StandAsync("master", "http://other");
        await Task.Delay(500);
        Proxy.Freeze();
        var lost = false;
        former.Lost.Register(() => lost = true);
        var elected = await waiting.WaitAsync(Generous);
        Assert.True(former.Lost.IsCancellationRequested);
        Assert.True(lost);
        Assert.True(elected.Fence.Token > former.Fence.Token);
        await other.Store.WriteAsync([new StateWrite("k", new byte[] { 2 })], elected.Fence);
        Proxy.Thaw();
        await Eventually.TrueAsync(async () =>
        {
            try
            {
                await cut.Store.WriteAsync([new StateWrite("k", new byte[] { 1 })], former.Fence);
                throw new InvalidOperationException("a deposed leader wrote");
            }
            catch (Exception e) when (e is WriteOutcomeUnknownException or StateUnavailableException)
            {
                return false;
            }
            catch (FencedException)
            {
                return true;
            }
        });
        Assert.Equal(1, (await other.Store.GetAsync("k"))!.Version);
        await former.DisposeAsync();
        var again = cut.Election.StandAsync("master", "http://cut");
        await elected.DisposeAsync();
        await again.WaitAsync(Generous);
    }

    [Fact]
    public async Task A_short_break_costs_nobody_the_leadership()
    {
        var (cut, other) = (await OpenThroughProxyAsync(term: 8), await State.OpenAsync());
        var leadership = await cut.Election.StandAsync("master", "http://cut").WaitAsync(Generous);
        var waiting = other.Election.StandAsync("master", "http://other");
        for (var i = 0; i < 4; i++)
        {
            await Task.Delay(700);
            Proxy.Cut();
        }

        await Task.Delay(500);
        Assert.False(leadership.Lost.IsCancellationRequested);
        Assert.False(waiting.IsCompleted);
        await cut.Store.WriteAsync([new StateWrite("k", new byte[] { 1 })], leadership.Fence);
        await leadership.DisposeAsync();
        await waiting.WaitAsync(Generous);
    }

    [Fact]
    public async Task No_message_and_no_log_shows_the_password()
    {
        var log = new ListLogger();
        Proxy.Refuses = true;
        var refused = await Assert.ThrowsAsync<StateUnavailableException>(() => StateBackend.OpenAsync(
            State.AddressAt("user@127.0.0.1", Proxy.Port), "s3cr3t", TimeSpan.FromSeconds(1), TimeProvider.System, log, default));
        Assert.DoesNotContain("s3cr3t", refused.ToString());
        Assert.DoesNotContain("s3cr3t", log.ToString());
        Assert.NotEmpty(log.ToString());
        var wrong = await Assert.ThrowsAsync<ArgumentException>(() => StateBackend.OpenAsync(
            State.AddressAt("user:s3cr3t@127.0.0.1", Proxy.Port), null, TimeProvider.System, log, default));
        Assert.DoesNotContain("s3cr3t", wrong.ToString());
    }

    private protected Task<StateBackend> OpenThroughProxyAsync(TimeSpan? patience = null, int term = 3) =>
        State.OpenAsync(State.AddressAt((State.User is null ? "" : State.User + "@") + "127.0.0.1", Proxy.Port, term), patience);
}
