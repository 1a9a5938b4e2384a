using CsCheck;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Garbage;
using LifecycleManager.Agent.Oversubscription;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Agent.Tasks;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Agent.Timing;
using LifecycleManager.Protocol.Mesos;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Agent.Tests.Timing;

/// <summary>Whatever the wall clock does, no deadline of the agent moves, nor does a restart of the agent move one.</summary>
public sealed class ClockTests : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromHours(3);
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_grace_period_of_a_kill_is_what_has_passed_whatever_the_wall_clock_says_and_over_restarts() => Steps.Sample(
        steps =>
        {
            var time = new SettableTime();
            var path = Path.Combine(_directory.Path, $"{Guid.NewGuid():N}.json");
            var kill = Open(path, time, "boot");
            kill.Ask(new KillRecord(time.GetUtcNow(), Grace.TotalSeconds, TaskState.Killed, null,
                "")
            { Begun = Clock(time).Now });
            var passed = TimeSpan.Zero;
            foreach (var (seconds, jump, restarts) in steps)
            {
                time.Advance(TimeSpan.FromSeconds(seconds));
                time.WallOffset += TimeSpan.FromHours(jump);
                passed += TimeSpan.FromSeconds(seconds);
                if (restarts) kill = Open(path, time, "boot");
                Assert.Equal(passed < Grace ? Grace - passed : TimeSpan.Zero, kill.Remaining);
                // A later end than there is counts for nothing, an earlier one does.
                Assert.False(kill.Ask(new KillRecord(time.GetUtcNow(), Grace.TotalSeconds, TaskState.Killed, null,
                    "")
                { Begun = Clock(time).Now }));
            }
        },
        iter: 200);

    [Fact]
    public void After_a_boot_and_of_version_0_1_0_the_grace_period_begins_anew_too_late_rather_than_too_early()
    {
        var time = new SettableTime();
        var path = Path.Combine(_directory.Path, "kill.json");
        Open(path, time, "boot").Ask(new KillRecord(time.GetUtcNow(), 100, TaskState.Killed, null,
            "")
        { Begun = Clock(time).Now });
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(TimeSpan.FromSeconds(100), Open(path, time, "another").Remaining);

        File.WriteAllText(path,
            """{"at":"2020-01-01T00:00:00+00:00","grace_seconds":100,"state":"TASK_KILLED","message":"old"}""");
        var old = Open(path, time, "boot");
        Assert.Equal((TimeSpan.FromSeconds(100), "old"), (old.Remaining, old.Record!.Message));
        time.Advance(TimeSpan.FromSeconds(30));
        time.WallOffset += TimeSpan.FromHours(-2);
        Assert.Equal(TimeSpan.FromSeconds(70), old.Remaining);
    }

    [Fact]
    public void What_is_collected_as_garbage_is_never_too_old_and_too_young_by_what_was_not_written_alone() => Steps.Sample(
        steps =>
        {
            var time = new SettableTime();
            var path = Path.Combine(_directory.Path, $"{Guid.NewGuid():N}.json");
            var ages = new AgeTable(path, time);
            ages.Begin("thing");
            ages.Save();
            var (passed, lost) = (TimeSpan.Zero, TimeSpan.Zero);
            foreach (var (seconds, jump, restarts) in steps)
            {
                time.Advance(TimeSpan.FromSeconds(seconds));
                time.WallOffset += TimeSpan.FromHours(jump);
                passed += TimeSpan.FromSeconds(seconds);
                if (restarts)
                {
                    lost += TimeSpan.FromSeconds(seconds);
                    ages = new AgeTable(path, time);
                }

                ages.Keep(["thing", "another"]);
                ages.Save();
                Assert.Equal((passed - lost).TotalSeconds, ages.Age("thing").TotalSeconds, 3);
            }
        },
        iter: 200);

    [Fact]
    public void What_a_task_uses_is_measured_by_what_has_passed()
    {
        var time = new SettableTime();
        var meter = new LoadMeter(time);
        for (var seconds = 0; seconds < 100; seconds += 10)
        {
            var used = meter.Take("c", new ContainerStatistics { Time = time.GetUtcNow(), CpuUser = seconds });
            if (seconds > 0) Assert.Equal(1, used);
            time.Advance(TimeSpan.FromSeconds(10));
            time.WallOffset += TimeSpan.FromHours(seconds % 20 == 0 ? 2 : -2);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    public async Task A_wall_clock_that_jumps_ends_no_task_and_keeps_none_from_its_end(int hours)
    {
        var time = new JumpingTime();
        await using var master = await FakeMaster.StartAsync();
        await using var agent = await TestAgent.StartAsync(
            TestAgent.Options(master, _directory) with { SandboxDelay = TimeSpan.FromHours(3) }, time: time);
        await master.RegistrationAsync();
        var (deaf, limited, ended) = (Make.Id("deaf"), Make.Id("limited"), Make.Id("ended"));
        var check = new HealthCheck
        {
            Type = CheckType.Tcp,
            Tcp = new TcpCheck { Port = 1 },
            DelaySeconds = 0,
            IntervalSeconds = 0.05,
            GracePeriodSeconds = 3600,
            ConsecutiveFailures = 1,
        };
        master.Launch(
            Make.Shell(deaf, "trap '' TERM; while :; do sleep 0.05; done"),
            Make.Shell(limited, "exec sleep 1000") with
            {
                MaxCompletionTime = DurationInfo.From(TimeSpan.FromHours(1)),
                HealthCheck = check
            },
            Make.Shell(ended, "true"));
        await master.UpdateAsync(deaf, TaskState.Running);
        await master.UpdateAsync(limited, TaskState.Running);
        await master.UpdateAsync(ended, TaskState.Finished);
        master.Kill(deaf, TimeSpan.FromHours(1));
        await master.UpdateAsync(deaf, TaskState.Killing);

        time.JumpWall(TimeSpan.FromHours(hours));

        // A task that begins and ends, and the checks of another, show that the agent has gone on.
        for (var i = 0; i < 2; i++)
        {
            var proof = Make.Id("proof");
            master.Launch(Make.Shell(proof, "sleep 0.3"));
            await master.UpdateAsync(proof, TaskState.Finished);
        }

        Assert.NotEmpty(TaskProcesses.Of(deaf));
        Assert.NotEmpty(TaskProcesses.Of(limited));
        time.Add(TimeSpan.FromHours(1));
        await master.UpdateAsync(deaf, TaskState.Killed);
        await Wait.ForAsync(() => master.States(limited)[^1].IsTerminal(), "the end of the task with a limit");
        Assert.NotEmpty(Directory.GetDirectories(Path.Combine(_directory.Path, "slaves"), ended, SearchOption.AllDirectories));
        Assert.NotNull(agent.Service.Master);
    }

    private static readonly Gen<List<(int Seconds, int Jump, bool Restarts)>> Steps =
        Gen.Select(Gen.Int[0, 3600], Gen.Int[-2, 2], Gen.Bool).List[1, 12];

    private static BootClock Clock(TimeProvider time) => new(time, "boot");

    private static TaskKill Open(string path, TimeProvider time, string boot) =>
        new(path, new TaskId("t"), new BootClock(time, boot), NullLogger.Instance);
}
