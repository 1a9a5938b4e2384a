using System.Globalization;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests.Faults;

/// <summary>Something that happens to a part of the cluster, and is over again.</summary>
/// <param name="Part">The part: to one of them one thing happens at a time.</param>
/// <param name="Name">For people.</param>
/// <param name="BeginAsync">It happens.</param>
/// <param name="EndAsync">It is over.</param>
internal sealed record CampaignFault(string Part, string Name, Func<Random, Task> BeginAsync, Func<Task> EndAsync)
{
    /// <summary>Files of an agent's that one more is not able to make up for are left out: its id, twice.</summary>
    private static readonly HashSet<string> Damageable = ["task.json", "updates", "supervisor", "attempt", "ending"];

    /// <summary>Everything that can happen to a cluster.</summary>
    public static IReadOnlyList<CampaignFault> Of(FaultCluster cluster)
    {
        var faults = new List<CampaignFault>();
        for (var i = 0; i < cluster.Nodes.Count; i++)
        {
            var node = cluster.Nodes[i];
            var part = $"{(i < 2 ? "master" : i < 4 ? "scheduler" : "agent")} {(i % 2) + 1}";
            Signals(faults, part, node.Node);
            var ended = node.Ended();
            faults.Add(new CampaignFault(part, "SIGTERM", _ => ended.KillAsync(), ended.ReturnAsync));
            if (node.Clock is { CanBeSet: true } clock)
            {
                faults.Add(new CampaignFault(part, "its clock jumps", random =>
                {
                    clock.Set(TimeSpan.FromSeconds(random.Next(-7_200, 7_200)));
                    return Task.CompletedTask;
                },
                    () =>
                {
                    clock.Set(TimeSpan.Zero);
                    return Task.CompletedTask;
                }));
            }

            if (i >= 4) OfAgent(faults, part, node, cluster.Disks[i - 4]);
        }

        foreach (var (name, process) in cluster.Servers) Signals(faults, name, () => Node.Of(process));
        return faults;
    }

    private static void Signals(List<CampaignFault> faults, string part, Func<Node> of)
    {
        var (killed, stopped) = (of(), of());
        faults.Add(new CampaignFault(part, "SIGKILL", _ => killed.KillAsync(), killed.ReturnAsync));
        faults.Add(new CampaignFault(part, "SIGSTOP", _ =>
        {
            stopped.Stop();
            return Task.CompletedTask;
        }, stopped.ReturnAsync));
    }

    private static void OfAgent(List<CampaignFault> faults, string part, LcmNode agent, SmallDisk disk)
    {
        var killed = agent.Node();
        faults.Add(new CampaignFault(part, "SIGKILL, and a record is damaged", async random =>
        {
            await killed.KillAsync();
            Damage(disk.Path, random);
        }, killed.ReturnAsync));
        faults.Add(new CampaignFault(part, "its disk is full", random =>
        {
            disk.Fill(random.Next(3));
            return Task.CompletedTask;
        },
            () =>
        {
            disk.Free();
            return Task.CompletedTask;
        }));
        var full = agent.Node();
        faults.Add(new CampaignFault(part, "SIGKILL on a full disk", async _ =>
        {
            disk.Fill();
            await full.KillAsync();
        },
            async () =>
        {
            await full.ReturnAsync();
            await Task.Delay(TimeSpan.FromSeconds(1));
            disk.Free();
        }));
    }

    /// <summary>As a machine that loses its power leaves a file: cut, or with a page of something else.</summary>
    private static void Damage(string directory, Random random)
    {
        var files = Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
            .Where(file => file.Contains("/tasks/", StringComparison.Ordinal) && Damageable.Contains(Path.GetFileName(file)))
            .Order(StringComparer.Ordinal).ToList();
        if (files.Count == 0) return;
        using var file = new FileStream(files[random.Next(files.Count)], FileMode.Open, FileAccess.ReadWrite);
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"  damaged: {file.Name} of {file.Length} bytes"));
        if (random.Next(2) == 0)
        {
            file.SetLength(random.NextInt64(file.Length + 1));
            return;
        }

        var rubbish = new byte[Math.Min(file.Length, 1 + random.Next(64))];
        random.NextBytes(rubbish);
        file.Position = random.NextInt64(file.Length - rubbish.Length + 1);
        file.Write(rubbish);
    }
}
