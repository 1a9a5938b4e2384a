using LifecycleManager.Master.Allocators;
using LifecycleManager.Master.Leadership;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Storage;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace LifecycleManager.Master.Tests.Leadership;

public sealed class StandbyTests
{
    [Fact]
    public async Task A_thousand_who_ask_a_standby_for_the_leader_are_one_question_to_the_election()
    {
        await using var backend = await StateBackend.OpenAsync(
            "memory:", null, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
        var election = new SlowElection();
        using var host = new MasterService(
            new MasterOptions(), backend.Store, election, [new HierarchicalDrfAllocator()],
            new MasterMetrics(Metrics.NewCustomRegistry()),
            new RoleHealth(TimeProvider.System), TimeProvider.System,
            new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance), NullLoggerFactory.Instance);
        using var impatient = new CancellationTokenSource();

        var first = host.LeaderAsync(impatient.Token);
        var others = Enumerable.Range(0, 1_000).Select(_ => host.LeaderAsync(CancellationToken.None)).ToList();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        election.Answer.SetResult("http://leader:5050");

        Assert.All(await Task.WhenAll(others), leader => Assert.Equal("http://leader:5050", leader));
        Assert.Equal(1, election.Questions);
    }

    private sealed class SlowElection : ILeaderElection
    {
        private int _questions;

        public int Questions => _questions;

        public TaskCompletionSource<string?> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string?> LeaderAsync(string name, CancellationToken cancellation = default)
        {
            Interlocked.Increment(ref _questions);
            return Answer.Task;
        }

        public Task<ILeadership> StandAsync(string name, string address, CancellationToken cancellation = default) =>
            throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
