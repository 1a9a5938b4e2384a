using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Tests.Containerizers;

public sealed class TaskCommandLineTests
{
    [Fact]
    public void The_first_argument_that_repeats_the_program_is_its_name()
    {
        Assert.Equal(["/bin/ls", "-l"],
            TaskCommandLine.Of(new CommandInfo { Shell = false, Value = "/bin/ls", Arguments = ["ls", "-l"] }));
        Assert.Equal(["/bin/ls", "-l"],
            TaskCommandLine.Of(new CommandInfo { Shell = false, Value = "/bin/ls", Arguments = ["-l"] }));
        Assert.Equal(["ls", "-l"], TaskCommandLine.Of(new CommandInfo { Shell = false, Arguments = ["ls", "-l"] }));
        Assert.Equal(["/bin/sh", "-c", "ls -l"], TaskCommandLine.Of(new CommandInfo { Value = "ls -l" }));
        Assert.Null(TaskCommandLine.Of(new CommandInfo { Shell = false }));
    }
}
