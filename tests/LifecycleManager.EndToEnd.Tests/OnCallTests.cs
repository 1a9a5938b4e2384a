using System.Text.RegularExpressions;
using LifecycleManager.EndToEnd.Tests.Harness;
using Xunit;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>Ten tasks of an on-call night, by the command line alone, on processes and on the real Docker engine.</summary>
public sealed class OnCallTests(OnCallStack night) : IClassFixture<OnCallStack>
{
    private const string Container =
        $"container: {{ type: DOCKER, docker: {{ image: '{OnCallStack.Image}:1' }} }}\nnetworks: [ {{ mode: host }} ]\n";

    [Fact]
    public async Task Find_the_crash_loop_and_read_its_last_log()
    {
        await night.DeployAsync("/night/crash", "echo no database at db:5432 >&2; exit 3", "", "--no-wait");
        await night.DeployAsync("/night/box", "echo no broker at mq:5672 >&2; exit 4", Container, "--no-wait");
        foreach (var (app, code, says) in ((string, int, string)[])
            [("crash", 3, "no database at db:5432"), ("box", 4, "no broker at mq")])
        {
            // It is the one that is wanted and never is there.
            await night.SeesAsync($@"/night/{app} +(deploying|waiting|degraded) +1 +0 ", "app", "list");
            var why = await night.SeesAsync("last failure: .*TASK_FAILED", "why", app);
            Assert.Contains($"exit code {code}", why, StringComparison.Ordinal);
            await night.SeesAsync($"stderr: {says}", "why", app);
            Assert.Contains(says, await night.DoneAsync("app", "logs", app, "--ended", "--tail", "50"), StringComparison.Ordinal);
            await night.DoneAsync("app", "stop", $"/night/{app}", "--yes", "--force");
        }
    }

    [Fact]
    public async Task Roll_back_what_was_deployed_last()
    {
        await night.DeployAsync("/night/release", "exec sleep 1000", "env: { RELEASE: good }\n");
        await night.DeployAsync("/night/release", "exit 1", "env: { RELEASE: bad }\n", "--no-wait");
        await night.SeesAsync("last failure", "why", "release");
        var back = await night.DoneAsync("app", "rollback", "release", "--force");
        Assert.Contains("env.RELEASE: \"bad\" -> \"good\"", back, StringComparison.Ordinal);
        Assert.Equal("good\n", await night.DoneAsync("app", "exec", "release", "--", "sh", "-c", "echo $RELEASE"));
        await night.DoneAsync("app", "stop", "release", "--yes");
    }

    [Fact]
    public async Task Drain_a_host_and_take_it_back()
    {
        await night.DeployAsync("/night/moved", "exec sleep 1000", "instances: 2\nconstraints: [ [ hostname, GROUP_BY ] ]\n");
        var before = await night.DoneAsync("app", "show", "moved");
        Assert.Contains(" 127.0.0.3 ", before, StringComparison.Ordinal);
        Assert.Contains("is drained", await night.DoneAsync("agent", "drain", "127.0.0.3"), StringComparison.Ordinal);
        var after = await night.SeesAsync("2 wanted, 2 running", "app", "show", "moved");
        Assert.DoesNotContain(" 127.0.0.3 ", after, StringComparison.Ordinal);
        await night.DoneAsync("agent", "resume", "127.0.0.3");
        await night.SeesAsync("127.0.0.3 +active ", "agent", "list");
        await night.DoneAsync("app", "stop", "moved", "--yes");
    }

    [Fact]
    public async Task Hold_a_policy()
    {
        Assert.Contains("/night/held", await night.DoneAsync(
            "pause", "set", "/night/held", "--for", "2h", "--reason", "an incident"), StringComparison.Ordinal);
        await night.DeployAsync("/night/held", "exec sleep 1000");
        Assert.Contains("an incident", await night.SeesAsync("paused: ", "why", "held"), StringComparison.Ordinal);
        Assert.Matches(@"/night/held +all .*an incident", await night.DoneAsync("pause", "list"));
        Assert.Matches(@"1 wanted", await night.DoneAsync("app", "show", "held"));
        await night.DoneAsync("pause", "end", "held");
        await night.SeesAsync("2 wanted, 2 running", "app", "show", "held");
        await night.DoneAsync("app", "stop", "held", "--yes", "--force");
    }

    [Fact]
    public async Task Take_a_count_and_give_it_back()
    {
        await night.DeployAsync("/night/count", "exec sleep 1000", "instances: 2\n");
        await night.SeesAsync("policy: +night", "why", "count");
        Assert.Matches(@"/night/count +3 .*a sale", await night.DoneAsync(
            "override", "set", "count", "3", "--until", "2h", "--reason", "a sale"));
        await night.SeesAsync("3 wanted, 3 running", "app", "show", "count");
        Assert.Contains("overridden: 3", await night.SeesAsync("overridden", "why", "count"), StringComparison.Ordinal);
        await night.DoneAsync("override", "end", "count");
        await night.SeesAsync("2 wanted, 2 running", "app", "show", "count");
        Assert.DoesNotContain("/night/count", await night.DoneAsync("override", "list"), StringComparison.Ordinal);
        await night.SeesAsync("owned by policy night", "why", "count");
        await night.DoneAsync("app", "stop", "count", "--yes", "--force");
    }

    [Fact]
    public async Task Skip_tonights_schedule()
    {
        await night.DeployAsync("/night/batch", "exec sleep 1000");
        await night.DoneAsync("schedule", "add", night.Write(
            "name: nightly\napp: /night/batch\ncron: '0 30 1 * * ?'\ninstances: 2\nfor: 1h\n"));
        var tonight = Regex.Match(await night.DoneAsync("schedule", "next", "nightly"), @"\d{4}-\d\d-\d\d 01:30").Value;
        Assert.NotEqual("", tonight);
        Assert.Contains(tonight, await night.DoneAsync("schedule", "skip", "nightly"), StringComparison.Ordinal);
        var next = await night.DoneAsync("schedule", "next", "nightly");
        Assert.Contains($"{tonight}:00Z (left out)", next, StringComparison.Ordinal);
        await night.DoneAsync("schedule", "remove", "nightly");
        await night.DoneAsync("app", "stop", "batch", "--yes");
    }

    [Fact]
    public async Task Find_who_scaled_it()
    {
        await night.DeployAsync("/night/who", "exec sleep 1000");
        await night.SeesAsync("/night/who +1 -> 2 .* applied +night ", "decision", "list", "--app", "/night/who");
        Assert.Contains("owned by policy night", await night.SeesAsync("owned by", "why", "who"), StringComparison.Ordinal);
        await night.DoneAsync("app", "stop", "who", "--yes", "--force");
    }

    [Fact]
    public async Task See_why_something_waits_and_free_the_deployment_that_is_stuck()
    {
        await night.DeployAsync(
            "/night/wide", "exec sleep 1000", "constraints: [ [ hostname, CLUSTER, nowhere ] ]\n", "--no-wait");
        Assert.Contains("127.0.0.2", await night.SeesAsync("UnfulfilledConstraint", "why", "wide"), StringComparison.Ordinal);
        Assert.Matches("/night/wide ", await night.SeesAsync("UnfulfilledConstraint", "queue"));
        await night.RunAsync(7, "app", "scale", "wide", "2");
        var stuck = (await night.SeesAsync(@"(?m)^\S+ +/night/wide", "deployment", "list")).Split('\n')
            .First(line => line.Contains("/night/wide", StringComparison.Ordinal)).Split(' ')[0];
        await night.DoneAsync("deployment", "rollback", stuck);
        Assert.DoesNotContain("/night/wide", await night.DoneAsync("deployment", "list"), StringComparison.Ordinal);
        Assert.DoesNotContain("/night/wide", await night.DoneAsync("app", "list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Look_around_in_a_container()
    {
        await night.DeployAsync("/night/inside", "exec sleep 1000", Container);
        var seen = await night.DoneAsync(
            "app", "exec", "inside", "--", "/bin/sh", "-c", "echo $MESOS_TASK_ID; exec /bin/busybox ps");
        Assert.StartsWith("night_inside.instance-", seen, StringComparison.Ordinal);
        Assert.Contains("sleep 1000", seen, StringComparison.Ordinal);
        await night.DoneAsync("app", "stop", "inside", "--yes");
    }
}
