using System.Text;
using LifecycleManager.Agent.Checkpoints;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Checkpoints;

public sealed class TaskMarkTests
{
    [Fact]
    public void A_mark_has_what_a_running_task_needs_and_nothing_that_only_a_launch_needs()
    {
        var record = Record(Make.Container("täsk", "image:1", "run --password geheim") with
        {
            Command = new CommandInfo
            {
                Value = "run --password geheim",
                User = "nobody",
                Environment = Make.Environment(("PASSWORD", "geheim")),
            },
            Container = new ContainerInfo
            {
                Type = ContainerType.Docker,
                Docker = new DockerInfo
                {
                    Image = "image:1",
                    Parameters = [new Parameter("env", "PASSWORD=geheim")],
                    PortMappings = [new PortMapping { HostPort = 31000, ContainerPort = 80 }],
                },
            },
            Data = "geheim"u8.ToArray(),
            KillPolicy = new KillPolicy { GracePeriod = DurationInfo.From(TimeSpan.FromSeconds(7)) },
        });

        var mark = TaskMark.Of(record);
        var read = TaskMark.Parse(mark)!;

        Assert.All(mark, c => Assert.InRange(c, ' ', '~'));
        Assert.DoesNotContain("geheim", mark);
        Assert.DoesNotContain(Convert.ToBase64String("geheim"u8), mark);
        Assert.Equal(RecordOrigin.Mark, read.Origin);
        Assert.Equal((record.Home, record.ContainerId, record.FrameworkId, record.TaskId),
            (read.Home, read.ContainerId, read.FrameworkId, read.TaskId));
        Assert.Equal(record.Task.Resources.Select(resource => (resource.Name, resource.Scalar)),
            read.Task.Resources.Select(resource => (resource.Name, resource.Scalar)));
        Assert.Equal(7, read.Task.KillPolicy!.GracePeriod!.ToTimeSpan().TotalSeconds);
        Assert.Equal(31000u, read.Task.Container!.Docker!.PortMappings!.Single().HostPort);
        Assert.Equal("nobody", read.Task.Command!.User);
    }

    [Fact]
    public void Of_a_long_description_the_mark_keeps_who_the_task_is_and_what_it_uses()
    {
        var labels = new Labels([.. Enumerable.Range(0, 2000).Select(i => new Label($"label-{i}", new string('x', 100)))]);
        var record = Record(Make.Shell("task", "true") with { Labels = labels });

        var mark = TaskMark.Of(record);

        Assert.InRange(Encoding.UTF8.GetByteCount(mark), 1, 100_000);
        Assert.Equal(2, TaskMark.Parse(mark)!.Task.Resources.Count);
        List<Resource> kinds = [.. Enumerable.Range(0, 5000).Select(i => Resource.OfScalar($"kind-{i}", i))];
        var endless = record with { Task = record.Task with { Resources = kinds } };
        Assert.Throws<FormatException>(() => TaskMark.Of(endless));
    }

    [Fact]
    public void Whatever_is_changed_in_a_mark_it_is_no_mark_any_more()
    {
        var random = new Random(5);
        var record = Record(Make.Shell("task", "true"));
        var mark = TaskMark.Of(record);
        for (var i = 0; i < 5000; i++)
        {
            var at = random.Next(mark.Length);
            var other = (char)random.Next(' ', '~' + 1);
            // Its beginning may be spoilt so that it has no sum; the rest of it is then as it was, or no JSON.
            var spoilt = random.Next(3) == 0 ? mark[..at] : mark[..at] + other + mark[(at + 1)..];
            if (spoilt == mark || TaskMark.Parse(spoilt) is not { } read) continue;
            Assert.Equal(mark, TaskMark.Of(read with { Origin = RecordOrigin.Launch }));
        }

        Assert.Null(TaskMark.Parse(null));
        Assert.Null(TaskMark.Parse(""));
        Assert.Null(TaskMark.Parse("null"));
        Assert.Null(TaskMark.Parse("[]"));
        Assert.Null(TaskMark.Parse(mark.Replace("\"framework-1\"", "null", StringComparison.Ordinal)));
    }

    private static TaskRecord Record(TaskInfo task) => new()
    {
        Framework = new FrameworkInfo { User = "", Name = "tests", Id = new FrameworkId("framework-1") },
        Task = task,
        Home = "home",
        ContainerId = "container-1",
        Containerizer = "process",
        AgentId = new AgentId("agent-1"),
        Accepted = DateTimeOffset.UnixEpoch,
    };
}
