using CsCheck;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Oversubscription;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Agent.Tests.Oversubscription;

public sealed class SlackEstimatorTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Idle_cpus_of_guaranteed_tasks_are_slack_with_a_reserve()
    {
        Assert.Equal(2.8, SlackEstimator.Slack([Of("a", 4, 1)], 0.2));
        Assert.Equal(0, SlackEstimator.Slack([Of("a", 4, null)], 0.2));
        Assert.Equal(0, SlackEstimator.Slack([Of("a", 4, 9)], 0.2));
        Assert.Equal(0, SlackEstimator.Slack([Of("a", 4, 0) with { Revocable = true }], 0.2));
        var resource = Assert.Single(SlackEstimator.Offer(2.8));
        Assert.NotNull(resource.Revocable);
        Assert.Empty(SlackEstimator.Offer(0));
    }

    [Fact]
    public void On_a_busy_machine_the_youngest_best_effort_tasks_go_and_never_a_guaranteed_one()
    {
        TaskLoad[] tasks =
        [
            Of("guaranteed", 2, 1.5),
            Of("older", 1, 1) with { Revocable = true },
            Of("younger", 1, 1) with { Revocable = true, Started = Start.AddMinutes(1) },
        ];

        Assert.Equal(["younger"], SlackEstimator.Preempt(tasks, 3, 0.9));
        Assert.Empty(SlackEstimator.Preempt(tasks, 8, 0.9));
        Assert.Equal(["younger", "older"], SlackEstimator.Preempt(tasks, 1, 0.9));
    }

    [Fact]
    public void What_others_use_of_the_machine_counts_too()
    {
        TaskLoad[] tasks = [Of("guaranteed", 2, 0), Of("best", 1, 1) with { Revocable = true }];

        Assert.Empty(SlackEstimator.Preempt(tasks, 2, 0.9, new MachineUse(1.1, 2)));
        Assert.Equal(["best"], SlackEstimator.Preempt(tasks, 2, 0.9, new MachineUse(1.9, 2)));
        // As soon as the machine is out of its straits nobody else goes.
        TaskLoad[] two = [.. tasks, Of("younger", 1, 0.5) with { Revocable = true, Started = Start.AddMinutes(1) }];
        Assert.Equal(["younger"], SlackEstimator.Preempt(two, 4, 0.9, new MachineUse(3.8, 4)));
        // Nor is lent what somebody else has taken; what best effort has may stay with it.
        Assert.Equal(2, SlackEstimator.Slack(tasks, 0.2, new MachineUse(1, 2)));
        Assert.Equal(1.1, SlackEstimator.Slack(tasks, 0.2, new MachineUse(1.9, 2)));
        Assert.Equal(0, SlackEstimator.Slack([Of("guaranteed", 2, 0)], 0.2, new MachineUse(2.5, 2)));
    }

    [Fact]
    public void The_machines_use_is_what_its_cpus_were_busy_in_between()
    {
        var time = new FakeTimeProvider(Start);
        string? stat = "cpu  100 0 100 1000 50 0 0 0 7 0\ncpu0 50 0 50 500 25 0 0 0 3 0\ncpu1 50 0 50 500 25 0 0 0 4 0\nintr 1\n";
        var host = new HostLoad(time, () => stat);

        Assert.Null(host.Take());
        time.Advance(TimeSpan.FromSeconds(10));
        stat = stat.Replace("cpu  100 0 100 1000", "cpu  1100 100 200 1500", StringComparison.Ordinal);
        Assert.Equal(new MachineUse(1.2, 2), host.Take());
        stat = "what the kernel does not write";
        Assert.Null(host.Take());
        stat = null;
        Assert.Null(host.Take());
        Assert.NotNull(HostLoad.ReadMachine());
    }

    [Fact]
    public void Whatever_runs_the_offer_never_exceeds_what_is_given_and_guaranteed_tasks_stay()
    {
        var task = Gen.Select(Gen.Bool, Gen.Double[0, 8], Gen.Double[0, 16], Gen.Bool)
            .Select((revocable, cpus, used, measured) => new TaskLoad(Guid.NewGuid()
                .ToString(), revocable, cpus, measured ? used : null, Start));
        Gen.Select(task.List[0, 10], Gen.Double[0, 1]).Sample((tasks, reserve) =>
        {
            var slack = SlackEstimator.Slack(tasks, reserve);
            Assert.InRange(slack, 0, tasks.Where(t => !t.Revocable).Sum(t => t.Cpus));
            var victims = SlackEstimator.Preempt(tasks, 4, 0.9).ToHashSet();
            Assert.DoesNotContain(tasks, t => !t.Revocable && victims.Contains(t.ContainerId));
        }, iter: 500);
    }

    [Fact]
    public void A_rise_counts_at_once_and_a_fall_slowly()
    {
        var time = new FakeTimeProvider();
        var meter = new LoadMeter(time);

        Assert.Null(Take(10));
        Assert.Equal(1, Take(20));
        Assert.Equal(3, Take(50));
        Assert.Equal(1.5, Take(50));
        meter.Keep(new HashSet<string>());
        Assert.Null(Take(50));

        double? Take(double seconds)
        {
            var used = meter.Take("c", new ContainerStatistics { Time = time.GetUtcNow(), CpuUser = seconds });
            time.Advance(TimeSpan.FromSeconds(10));
            return used;
        }
    }

    [Fact]
    public async Task The_master_is_told_the_slack_of_real_tasks()
    {
        using var directory = new TemporaryDirectory();
        await using var master = await FakeMaster.StartAsync();
        await using var agent = await TestAgent.StartAsync(TestAgent.Options(master, directory) with
        {
            Oversubscribe = true,
            OversubscribeInterval = TimeSpan.FromSeconds(1),
            StopTasksOnExit = true,
        });
        await master.RegistrationAsync();
        var idle = Make.Id();
        master.Launch(Make.Shell(idle, "sleep 1000") with
        {
            Resources = [Resource.OfScalar("cpus", 1.5),
            Resource.OfScalar("mem", 64)]
        });

        await Wait.ForAsync(
            () => master.Calls(AgentCallType.Oversubscribe)
            .Any(call => call.Oversubscribe!.Resources is [{ Revocable: not null, Scalar.Value: >= 1 }]), "an estimate");
    }

    [Fact]
    public async Task A_load_that_is_no_tasks_ends_best_effort_and_leaves_the_guaranteed_task()
    {
        using var directory = new TemporaryDirectory();
        await using var master = await FakeMaster.StartAsync();
        var (ticks, isBusy) = (0L, false);
        await using var agent = await TestAgent.StartAsync(TestAgent.Options(master, directory) with
        {
            Oversubscribe = true,
            OversubscribeInterval = TimeSpan.FromSeconds(1),
            StopTasksOnExit = true,
            Resources = "cpus:100;mem:1024;disk:1024",
            // Busy, its two cpus do as much in a second as ten.
            MachineStat = () => $"cpu {Interlocked.Add(ref ticks, Volatile.Read(ref isBusy) ? 1000 : 1)} 0 0 0 0 0 0 0\n"
                + "cpu0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0\n",
        });
        await master.RegistrationAsync();
        var (guaranteed, best) = (Make.Id("guaranteed"), Make.Id("best"));
        master.Launch(Make.Shell(guaranteed, "sleep 1000"));
        master.Launch(Make.Shell(best, "while :; do :; done") with
        {
            Resources = [Resource.OfScalar("cpus", 0.5) with { Revocable = new RevocableInfo() }, Resource.OfScalar("mem", 64)],
        });
        await master.UpdateAsync(guaranteed, TaskState.Running);
        await master.UpdateAsync(best, TaskState.Running);

        Volatile.Write(ref isBusy, true);

        var ended = await master.UpdateAsync(best, TaskState.Gone);
        Assert.Equal(StatusReason.ContainerPreempted, ended.Reason);
        var limit = Assert.Single(ended.Limitation!.Resources);
        Assert.Equal("cpus", limit.Name);
        Assert.NotNull(limit.Revocable);
        Assert.DoesNotContain(master.States(guaranteed), state => state.IsTerminal());
    }

    private static TaskLoad Of(string id, double cpus, double? used) => new(id, false, cpus, used, Start);
}
