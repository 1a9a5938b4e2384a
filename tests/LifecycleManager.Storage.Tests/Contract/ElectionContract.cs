namespace LifecycleManager.Storage.Tests.Contract;

/// <summary>What every election promises.</summary>
public abstract class ElectionContract : IAsyncLifetime
{
    private static readonly TimeSpan Generous = TimeSpan.FromMinutes(1);

    protected TestState State { get; private set; } = null!;

    public ValueTask InitializeAsync()
    {
        State = NewState();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        if (State is not null) await State.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected abstract TestState NewState();

    [Fact]
    public async Task A_lone_candidate_leads_and_its_address_is_known_until_it_resigns()
    {
        var (one, other) = (await State.OpenAsync(), await State.OpenAsync());
        Assert.Null(await other.Election.LeaderAsync("master"));
        var leadership = await one.Election.StandAsync("master", "http://one").WaitAsync(Generous);
        Assert.False(leadership.Lost.IsCancellationRequested);
        Assert.Equal("master", leadership.Fence.Name);
        Assert.True(leadership.Fence.Token > 0);
        Assert.Equal("http://one", await other.Election.LeaderAsync("master"));
        Assert.Equal("http://one", await one.Election.LeaderAsync("master"));
        Assert.Null(await one.Election.LeaderAsync("scheduler"));
        await leadership.DisposeAsync();
        Assert.True(leadership.Lost.IsCancellationRequested);
        Assert.Null(await other.Election.LeaderAsync("master"));
    }

    [Fact]
    public async Task Others_wait_and_one_follows_with_a_greater_token_after_the_leader_has_lost()
    {
        var (one, two, three) = (await State.OpenAsync(), await State.OpenAsync(), await State.OpenAsync());
        var first = await one.Election.StandAsync("master", "http://one").WaitAsync(Generous);
        var waiting = new[] { two.Election.StandAsync("master", "http://two"),
            three.Election.StandAsync("master", "http://three") };
        await Task.Delay(500);
        Assert.Equal(0, waiting.Count(w => w.IsCompleted));
        await first.DisposeAsync();
        var second = await (await Task.WhenAny(waiting)).WaitAsync(Generous);
        Assert.True(second.Fence.Token > first.Fence.Token);
        await Task.Delay(300);
        Assert.Equal(1, waiting.Count(w => w.IsCompleted));
        var last = waiting.Single(w => !w.IsCompleted);
        await second.DisposeAsync();
        var third = await last.WaitAsync(Generous);
        Assert.True(third.Fence.Token > second.Fence.Token);
    }

    [Fact]
    public async Task A_deposed_leaders_write_is_refused_and_ends_its_leadership()
    {
        var (one, two) = (await State.OpenAsync(), await State.OpenAsync());
        var leadership = await one.Election.StandAsync("master", "http://one").WaitAsync(Generous);
        await one.Store.WriteAsync([new StateWrite("k", new byte[] { 1 })], leadership.Fence);

        // As a new leader would that was elected unknown to the old one.
        await two.Store.WriteAsync(
            [new StateWrite("k", new byte[] { 2 })], leadership.Fence with { Token = leadership.Fence.Token + 1 });
        await Assert.ThrowsAsync<FencedException>(() =>
            one.Store.WriteAsync([new StateWrite("k", new byte[] { 3 })], leadership.Fence));
        Assert.True(leadership.Lost.IsCancellationRequested);
        Assert.Equal(2, (await one.Store.GetAsync("k"))!.Value.ToArray()[0]);
    }

    [Fact]
    public async Task The_former_leaders_writes_are_refused_from_the_election_on()
    {
        var (one, two) = (await State.OpenAsync(), await State.OpenAsync());
        var former = await one.Election.StandAsync("master", "http://one").WaitAsync(Generous);
        await one.Store.WriteAsync([new StateWrite("k", new byte[] { 1 })], former.Fence);
        await former.DisposeAsync();
        var leadership = await two.Election.StandAsync("master", "http://two").WaitAsync(Generous);
        await Assert.ThrowsAsync<FencedException>(() =>
            one.Store.WriteAsync([new StateWrite("k", new byte[] { 3 })], former.Fence));
        await two.Store.WriteAsync([new StateWrite("k", new byte[] { 4 })], leadership.Fence);
    }

    [Fact]
    public async Task A_candidate_that_withdraws_is_never_elected()
    {
        var (one, two) = (await State.OpenAsync(), await State.OpenAsync());
        var leadership = await one.Election.StandAsync("master", "http://one").WaitAsync(Generous);
        using var withdrawal = new CancellationTokenSource();
        var withdrawn = two.Election.StandAsync("master", "http://two", withdrawal.Token);
        await Task.Delay(200);
        await withdrawal.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => withdrawn.WaitAsync(Generous));
        await leadership.DisposeAsync();
        await using var again = await one.Election.StandAsync("master", "http://one").WaitAsync(Generous);
        Assert.Equal("http://one", await two.Election.LeaderAsync("master"));
    }

    [Fact]
    public async Task Elections_of_other_names_do_not_touch_each_other()
    {
        var (one, two) = (await State.OpenAsync(), await State.OpenAsync());
        await one.Election.StandAsync("master", "http://one").WaitAsync(Generous);
        await two.Election.StandAsync("scheduler", "http://two").WaitAsync(Generous);
        Assert.Equal("http://one", await two.Election.LeaderAsync("master"));
        Assert.Equal("http://two", await two.Election.LeaderAsync("scheduler"));
    }

    [Fact]
    public async Task Closing_the_backend_resigns()
    {
        var (one, two) = (await State.OpenAsync(), await State.OpenAsync());
        var leadership = await one.Election.StandAsync("master", "http://one").WaitAsync(Generous);
        var waiting = two.Election.StandAsync("master", "http://two");
        await one.DisposeAsync();
        Assert.True(leadership.Lost.IsCancellationRequested);
        await waiting.WaitAsync(Generous);
    }

    [Fact]
    public async Task Two_contenders_never_lead_at_the_same_time()
    {
        var leaders = 0;
        var tokens = new List<long>();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async i =>
        {
            var backend = await State.OpenAsync();
            for (var term = 0; term < 3; term++)
            {
                var leadership = await backend.Election.StandAsync("master", $"http://{i}").WaitAsync(Generous);
                Assert.Equal(1, Interlocked.Increment(ref leaders));
                lock (tokens) tokens.Add(leadership.Fence.Token);
                await backend.Store.WriteAsync([new StateWrite("term", new byte[] { (byte)i })], leadership.Fence);
                leadership.Lost.Register(() => Interlocked.Decrement(ref leaders));
                await leadership.DisposeAsync();
            }
        }));
        Assert.Equal(tokens.Order().Distinct(), tokens);
        Assert.Equal(12, (await (await State.OpenAsync()).Store.GetAsync("term"))!.Version);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Master")]
    [InlineData("a/b")]
    public async Task An_election_needs_a_plain_name(string name)
    {
        var backend = await State.OpenAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => backend.Election.StandAsync(name, "http://one"));
    }
}
