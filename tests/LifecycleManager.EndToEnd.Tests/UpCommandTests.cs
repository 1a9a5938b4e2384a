using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LifecycleManager.EndToEnd.Tests.Faults;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>What <c>lcm up</c> promises to the person at the terminal.</summary>
public sealed class UpCommandTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData("up")]
    [InlineData("master")]
    [InlineData("agent")]
    [InlineData("scheduler")]
    [InlineData("manager")]
    public async Task Every_command_has_help(string command)
    {
        await using var lcm = LcmProcess.Start(Path.GetTempPath(), command, "--help");

        Assert.Equal(0, await lcm.ExitAsync(Patience));
        Assert.Contains("--bind", lcm.Output, StringComparison.Ordinal);
        Assert.Contains("--work-dir", lcm.Output, StringComparison.Ordinal);
        Assert.All(lcm.Lines, line => Assert.True(line.Split("[default: ").Length <= 2, line));
    }

    [Fact]
    public async Task A_port_in_use_is_one_clear_line_and_exit_code_1()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var directory = Directory.CreateTempSubdirectory("lcm-e2e-");
        await using var lcm = LcmProcess.Start(directory.FullName, "up",
            "--master-port", "0", "--agent-port", "0", "--manager-port", "0", "--scheduler-port",
            port.ToString(CultureInfo.InvariantCulture));

        Assert.Equal(1, await lcm.ExitAsync(Patience));
        var line = Assert.Single(lcm.Lines);
        Assert.Contains($"127.0.0.1:{port}", line, StringComparison.Ordinal);
        Assert.Contains("in use", line, StringComparison.Ordinal);
        Assert.Contains("--scheduler-port", line, StringComparison.Ordinal);
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Ctrl_C_stops_it_and_the_tasks_run_on_and_are_found_again()
    {
        await using var stack = await Stack.UpAsync();
        using (var posted = await stack.PostAsync(SampleApps.Sleeper("/sleeper", 3))) Assert.Equal(HttpStatusCode.Created,
            posted.StatusCode);
        var before = await stack.InstancesAsync("/sleeper", 3);

        Assert.Equal(0, await stack.Lcm.InterruptAsync(Patience));
        await stack.StartAsync();

        var after = await stack.InstancesAsync("/sleeper", 3);
        Assert.Equal(before.Select(task => task.Id).Order(), after.Select(task => task.Id).Order());
        Assert.Equal(3, (await stack.Api.GetApp("sleeper", TestContext.Current.CancellationToken)).App.TasksRunning);
    }

    [Fact]
    public async Task Stop_tasks_ends_them_with_the_stack()
    {
        var mark = Guid.NewGuid().ToString("N");
        await using var watch = new TaskWatch("MARK=" + mark);
        await using var stack = await Stack.UpAsync(["--stop-tasks"]);
        using (var posted = await stack.PostAsync(
            $$"""{"id": "/marked", "cmd": "exec sleep 100000", "env": {"MARK": "{{mark}}"}, "cpus": 0.1, "mem": 32}"""))
            Assert.Equal(HttpStatusCode.Created, posted.StatusCode);
        await stack.InstancesAsync("/marked", 1);
        await Eventually.TrueAsync(() => watch.Look() is [{ Pids.Count: 1 }], "the task's process", more: stack.Describe);

        Assert.Equal(0, await stack.Lcm.InterruptAsync(Patience));

        Assert.All(watch.Look(), task => Assert.Empty(task.Pids));
    }

    [Fact]
    public async Task No_process_is_lost_or_doubled_by_kill_9()
    {
        var directory = Directory.CreateTempSubdirectory("lcm-e2e-pids-").FullName;
        await using var stack = await Stack.UpAsync();
        var definition =
            $$"""{"id": "/pids", "cmd": "touch {{directory}}/$MESOS_TASK_ID; exec sleep 100000", "cpus": 0.01, "mem": 16, "instances": 4}""";
        using (var posted = await stack.PostAsync(definition)) Assert.Equal(HttpStatusCode.Created, posted.StatusCode);
        var before = await stack.InstancesAsync("/pids", 4);

        await stack.KillAsync();
        await stack.StartAsync();
        await stack.Api.UpdateApp("pids", new() { Instances = 6 }, force: true,
            cancellation: TestContext.Current.CancellationToken);
        await stack.KillAsync();
        await stack.StartAsync();

        var after = await stack.InstancesAsync("/pids", 6);
        Assert.Superset(before.Select(task => task.Id).ToHashSet(), after.Select(task => task.Id).ToHashSet());

        // A task runs a moment before its first command has done something.
        await Eventually.TrueAsync(() => Directory.GetFiles(directory).Length >= 6,
            "each task has run its command", more: stack.Describe);
        Assert.Equal(6, Directory.GetFiles(directory).Length);
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Without_a_Docker_engine_a_Docker_app_waits_and_says_why()
    {
        await using var stack = await Stack.UpAsync(["--docker", "unix:///nowhere/docker.sock"]);
        using (var posted = await stack.PostAsync(SampleApps.File("website"))) Assert.Equal(HttpStatusCode.Created,
            posted.StatusCode);

        await Eventually.TrueAsync(async () =>
            (await stack.Scheduler.GetStringAsync("/v2/queue?embed=lastUnusedOffers"))
            .Contains("no Docker engine", StringComparison.Ordinal), "the reason in the queue", more: stack.Describe);
        Assert.Single(stack.Lcm.Lines, line => line.Contains("Docker engine", StringComparison.Ordinal));
    }
}
