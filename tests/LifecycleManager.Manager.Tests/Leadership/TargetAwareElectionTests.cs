using LifecycleManager.Manager.Leadership;
using LifecycleManager.Scaling.Targets;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Manager.Tests.Leadership;

/// <summary>Who does not reach the target stands back while another may.</summary>
public sealed class TargetAwareElectionTests : IScalingTarget, ILeaderElection
{
    private readonly FakeTimeProvider _time = new();
    private bool _reached;
    private string? _leader;
    private int _stood;

    string IScalingTarget.Description => "a target";

    [Fact]
    public async Task Who_reaches_the_target_stands_at_once()
    {
        (_reached, _leader) = (true, "http://other");
        await New().StandAsync("manager", "http://own");
        Assert.Equal(1, _stood);
    }

    [Fact]
    public async Task Who_does_not_reach_it_waits_while_another_leads_and_stands_once_nobody_does()
    {
        _leader = "http://other";
        var standing = New().StandAsync("manager", "http://own");
        for (var i = 0; i < 60; i++) _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, _stood);
        _leader = null;
        _time.Advance(TimeSpan.FromSeconds(1));
        await standing;
        Assert.Equal(1, _stood);
    }

    [Fact]
    public async Task Who_gave_the_lead_up_lets_others_go_first_and_is_more_patient_each_time()
    {
        var election = New();
        Assert.Equal(TimeSpan.FromSeconds(15), election.GracePeriod);
        election.GiveUp();
        Assert.Equal(TimeSpan.FromSeconds(30), election.GracePeriod);
        var standing = election.StandAsync("manager", "http://own");
        for (var i = 0; i < 4; i++) _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, _stood);
        _time.Advance(TimeSpan.FromSeconds(1));
        await standing;

        for (var i = 0; i < 100; i++) election.GiveUp();
        Assert.Equal(TimeSpan.FromMinutes(10), election.GracePeriod);
        _reached = true;
        await election.StandAsync("manager", "http://own");
        Assert.Equal(TimeSpan.FromSeconds(15), election.GracePeriod);
    }

    Task<IReadOnlyList<ScalableApp>> IScalingTarget.GetAppsAsync(CancellationToken cancellation) =>
        _reached ? Task.FromResult<IReadOnlyList<ScalableApp>>([])
        : Task.FromException<IReadOnlyList<ScalableApp>>(new TargetUnavailableException("away"));

    Task<ScaleResult> IScalingTarget.ScaleAsync(ScaleRequest request, CancellationToken cancellation) =>
        throw new NotSupportedException();

    Task<ILeadership> ILeaderElection.StandAsync(string name, string address, CancellationToken cancellation)
    {
        _stood++;
        return Task.FromResult<ILeadership>(null!);
    }

    Task<string?> ILeaderElection.LeaderAsync(string name, CancellationToken cancellation) => Task.FromResult(_leader);

    ValueTask IAsyncDisposable.DisposeAsync() => ValueTask.CompletedTask;

    private TargetAwareElection New() => new(this, this, _time, NullLogger<TargetAwareElection>.Instance);
}
