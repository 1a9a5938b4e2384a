using LifecycleManager.Agent.Containerizers.Processes;

namespace LifecycleManager.Agent.Tests.Containerizers.Processes;

public sealed class ProcessTableTests
{
    [Fact]
    public void A_line_of_proc_is_read_whatever_the_programs_name()
    {
        const string Line =
            "42 (a) b (c) S 1 40 39 0 -1 4194560 1 2 3 4 55 66 7 8 20 0 1 0 987654 1000 12 18446744073709551615 1 1 0";
        var stat = ProcessStat.Parse(Line)!.Value;

        Assert.Equal((new ProcessIdentity(42, 987654), 39, 'S', 55UL, 66UL, 12L),
            (stat.Identity, stat.Session, stat.State, stat.UserTicks, stat.SystemTicks, stat.RssPages));
        Assert.Null(ProcessStat.Parse("42 nothing"));
    }

    [Fact]
    public void A_reused_pid_is_another_process()
    {
        var own = ProcessTable.Find(Environment.ProcessId)!.Value.Identity;

        Assert.True(ProcessTable.IsAlive(own));
        Assert.False(ProcessTable.IsAlive(own with { StartTime = own.StartTime + 1 }));
    }
}
