namespace LifecycleManager.EndToEnd.Tests.Faults;

/// <summary>
/// Each part of a cluster is killed, and hangs, at a random moment while 50 tasks run and a deployment is under way; afterwards
/// every promise holds: nothing that ran has stopped, no task ran twice, the counts are what was asked for, within their bounds
/// at every moment, and all agree on every task.
/// </summary>
public sealed class FailureMatrixTests(FaultCluster cluster) : IClassFixture<FaultCluster>
{
    private static readonly TimeSpan Recovery = TimeSpan.FromMinutes(3);

    // A session or a lease lasts 3 s: when what hung for longer goes on, another leads.
    private static readonly TimeSpan PastLeases = TimeSpan.FromSeconds(4.5);

    /// <summary>Every part and every fault.</summary>
    public static MatrixTheoryData<string, string> Faults =>
        new(["master", "scheduler", "agent", "ZooKeeper", "PostgreSQL", "dockerd"], ["SIGKILL", "SIGSTOP"]);

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Every_promise_holds_after(string part, string fault)
    {
        var random = cluster.Random;
        var before = await cluster.SettledAsync(Recovery);
        var node = await cluster.FindAsync(part);
        var churn = await cluster.ChurnAsync();
        var pause = TimeSpan.FromMilliseconds(random.Next(1_000));
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"seed {cluster.Seed}: {fault} of {part} {pause.TotalMilliseconds} ms into {churn}");

        await Task.Delay(pause);
        try
        {
            if (fault == "SIGSTOP") node.Stop();
            else await node.KillAsync();
            await Task.Delay(fault == "SIGSTOP" && part is not ("agent" or "dockerd")
                ? PastLeases : TimeSpan.FromMilliseconds(random.Next(2_000)));
        }
        finally
        {
            await node.ReturnAsync();
        }

        var after = await cluster.SettledAsync(Recovery);
        Assert.Equal(FaultCluster.Processes + FaultCluster.Containers, Untouched(before).Count());
        Assert.Equal(Untouched(before), Untouched(after));
        Assert.Empty(cluster.StartedTwice());
        Assert.Empty(cluster.Watch.TakeBroken());
    }

    private static IEnumerable<string> Untouched(IEnumerable<RunningTask> tasks) =>
        tasks.Where(task => task.App != "/churn").Select(task => $"{task.Id} is process {task.Pids[0]}")
        .Order(StringComparer.Ordinal);
}
