using LifecycleManager.Clusters;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Scaling.Tests.Targets;

/// <summary>What the failures of an orchestrator's client mean for a change.</summary>
public sealed class ClusterTargetTests : IClusterClient
{
    private ClusterFault? _fault;
    private Func<CountSeen?> _count = () => throw new InvalidOperationException("the count was read");

    string IClusterClient.Description => "a cluster";

    [Theory]
    [InlineData(null, ScaleStatus.Applied)]
    [InlineData(ClusterFault.Conflict, ScaleStatus.Locked)]
    [InlineData(ClusterFault.Outdated, ScaleStatus.Outdated)]
    [InlineData(ClusterFault.Refused, ScaleStatus.Refused)]
    [InlineData(ClusterFault.NotFound, ScaleStatus.NotFound)]
    public async Task An_answer_is_taken_as_it_is(ClusterFault? fault, ScaleStatus status)
    {
        _fault = fault;
        Assert.Equal(status, (await ScaleAsync()).Status);
    }

    [Theory]
    [InlineData(4, ScaleStatus.Applied, "confirmed by reading back, since it does not answer")]
    [InlineData(1, ScaleStatus.Unavailable, "it does not answer")]
    [InlineData(15, ScaleStatus.Outdated, "the count is 15, the decision was made from 1; it is decided again")]
    [InlineData(null, ScaleStatus.NotFound, "the app is gone")]
    public async Task A_lost_answer_is_settled_by_reading_the_count_back(int? count, ScaleStatus status, string detail)
    {
        (_fault, _count) = (ClusterFault.Unavailable, () => count is { } known ? new CountSeen(known) : null);
        Assert.Equal(new ScaleResult(status, detail), await ScaleAsync());
    }

    [Fact]
    public async Task Where_nothing_answers_the_target_is_unavailable()
    {
        (_fault, _count) = (ClusterFault.Unavailable, () => throw new ClusterException(ClusterFault.Unavailable, "nothing"));
        Assert.Equal(new ScaleResult(ScaleStatus.Unavailable, "it does not answer"), await ScaleAsync());
        await Assert.ThrowsAsync<TargetUnavailableException>(() => new ClusterTarget(this).GetAppsAsync(default));
    }

    Task<IReadOnlyList<Workload>> IClusterClient.ListAsync(CancellationToken cancellation) =>
        throw new ClusterException(ClusterFault.Unavailable, "it does not answer");

    Task<CountChanged> IClusterClient.SetCountAsync(CountChange change, CancellationToken cancellation) =>
        _fault is { } fault ? throw new ClusterException(fault, "it does not answer") : Task.FromResult(new CountChanged());

    Task<CountSeen?> IClusterClient.CountAsync(string workload, CancellationToken cancellation) => Task.FromResult(_count());

    private Task<ScaleResult> ScaleAsync() =>
        new ClusterTarget(this).ScaleAsync(new ScaleRequest("/job/group", 4, new CountSeen(1), "p", "why"), default);
}
