using System.Diagnostics;
using System.Globalization;

namespace LifecycleManager.EndToEnd.Tests.Faults;

/// <summary>
/// Each part of a cluster is killed, hangs, ends, has its clock set, its disk filled or its records damaged, several of them at
/// once and at random moments, over a churn of 50 tasks: 60 faults, each kind once at least, or as many as
/// <c>LCM_TEST_FAULTS</c> says. Afterwards every promise holds: no task is lost, none ran twice, none that nobody touched has
/// stopped, the counts are what was asked for, within their bounds at every moment, and all agree on every task.
/// </summary>
public sealed class CampaignTests(FaultCluster cluster) : IClassFixture<FaultCluster>
{
    private const int MinAtOnce = 4, MaxAtOnce = 7;
    private static readonly TimeSpan Recovery = TimeSpan.FromMinutes(3);

    private static readonly int Faults = int.TryParse(Environment.GetEnvironmentVariable("LCM_TEST_FAULTS"),
        CultureInfo.InvariantCulture, out var faults) ? faults : 60;

    [Fact]
    public async Task No_task_is_lost_doubled_or_stopped()
    {
        var output = TestContext.Current.TestOutputHelper!;
        var (random, begun) = (cluster.Random, Stopwatch.GetTimestamp());
        var possible = CampaignFault.Of(cluster);
        var (done, settlings, slowest) = (0, 0, TimeSpan.Zero);
        var before = Untouched(await cluster.SettledAsync(Recovery));
        output.WriteLine($"seed {cluster.Seed}: {Faults} faults of {possible.Count} kinds");
        var first = before;
        var ahead = new List<CampaignFault>();
        while (done < Faults)
        {
            var faults = Choose(ahead, possible, random, Math.Min(random.Next(MinAtOnce, MaxAtOnce + 1), Faults - done));
            var churn = await cluster.ChurnAsync();
            output.WriteLine($"{churn}; {string.Join(", ", faults.Select(fault => $"{fault.Part}: {fault.Name}"))}");
            await Task.WhenAll(faults.Select(fault => HappenAsync(
                fault, new Random(random.Next()), TimeSpan.FromMilliseconds(random.Next(1_000)),
                TimeSpan.FromMilliseconds(random.Next(5_000)))));
            var over = Stopwatch.GetTimestamp();
            before = Untouched(await cluster.SettledAsync(Recovery));
            var took = Stopwatch.GetElapsedTime(over);
            (done, settlings, slowest) = (done + faults.Count, settlings + 1, took > slowest ? took : slowest);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  settled in {took.TotalSeconds:0.0} s"));
            AssertSame(cluster, first, before);
        }

        var doubled = cluster.StartedTwice();
        var broken = cluster.Watch.TakeBroken();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{done} faults, {settlings} settlings (the slowest in {slowest.TotalSeconds:0.0} s), "
            + $"{first.Except(before).Count()} lost, "
            + $"{doubled.Count} doubled, {broken.Count} promises broken, in {Stopwatch.GetElapsedTime(begun).TotalSeconds:0} s"));
        Assert.Empty(doubled);
        Assert.Empty(broken);
    }

    private static async Task HappenAsync(CampaignFault fault, Random random, TimeSpan after, TimeSpan last)
    {
        await Task.Delay(after);
        try
        {
            await fault.BeginAsync(random);
            await Task.Delay(last);
        }
        finally
        {
            await fault.EndAsync();
        }
    }

    /// <summary>Some at once, to different parts; all there are, in any order, before one of them again.</summary>
    private static List<CampaignFault> Choose(
        List<CampaignFault> ahead, IReadOnlyList<CampaignFault> possible, Random random, int count)
    {
        if (ahead.Count == 0)
        {
            var shuffled = possible.ToArray();
            random.Shuffle(shuffled);
            ahead.AddRange(shuffled);
        }

        List<CampaignFault> chosen = [.. ahead.DistinctBy(fault => fault.Part).Take(count)];
        foreach (var fault in chosen) ahead.Remove(fault);
        return chosen;
    }

    /// <summary>All that was there is there yet; else the tasks that differ, and what was said of them.</summary>
    internal static void AssertSame(FaultCluster cluster, IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        var (gone, come) = (before.Except(after).ToList(), after.Except(before).ToList());
        if (gone.Count == 0 && come.Count == 0) return;
        var ids = gone.Concat(come).Select(task => task.Split(' ')[0]).ToHashSet();
        var said = cluster.Nodes.SelectMany(node => node.Output.Split('\n').Where(line => ids.Any(line.Contains))
            .Select(line => $"{node.Address}: {line}"));
        Assert.Fail($"gone: {string.Join(", ", gone)}\ncome: {string.Join(", ", come)}\n{string.Join('\n', said)}\n\n"
            + cluster.Describe());
    }

    /// <summary>What must be as it is: each task that nobody changes, and its process.</summary>
    internal static List<string> Untouched(IEnumerable<RunningTask> tasks) =>
        [.. tasks.Where(task => task.App != "/churn").Select(task => $"{task.Id} is process {task.Pids[0]}")
            .Order(StringComparer.Ordinal)];
}
