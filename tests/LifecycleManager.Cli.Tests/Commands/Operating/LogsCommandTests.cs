using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LifecycleManager.Cli.Tests.Commands.Operating;

/// <summary>Logs, files and the why of apps that are real processes.</summary>
[Collection(RunningRolesCollection.Name)]
public sealed class LogsCommandTests(RunningRoles roles)
{
    [Fact]
    public async Task Logs_of_all_instances_are_shown_picked_and_followed()
    {
        await DeployAsync("/logs/talk",
            "echo begin; echo problem >&2; i=0; while true; do i=$((i+1)); echo line $i; sleep 0.2; done", 2);
        var all = "";
        await Eventually.TrueAsync(async () => Count(all = await roles.DoneAsync("app", "logs", "talk", "--tail", "all"),
            "line 2") == 2, "two that talk");
        Assert.Equal((2, 2), (Count(all, "begin"), Count(all, "problem")));
        Assert.Matches(@"^\[[0-9a-f]{8}\] ", all);
        Assert.Equal(2, Count(await roles.DoneAsync("app", "logs", "talk", "--stream", "stdout", "--tail", "1"), "line "));
        Assert.Equal(2, (await roles.DoneAsync("app", "logs", "talk", "--grep", "^prob")).Trim().Split('\n').Length);

        using var signal = new CancellationTokenSource();
        var following = roles.RunAsync(signal.Token, "app", "logs", "talk", "-f", "--tail", "1", "--stream", "stdout");
        await Task.Delay(TimeSpan.FromSeconds(2));
        await roles.DoneAsync("app", "scale", "talk", "3");
        await Task.Delay(TimeSpan.FromSeconds(6));
        await signal.CancelAsync();
        var followed = await following;
        Assert.True(followed.Code == 0, followed.Error);
        var names = followed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(
            line => line.Split(' ')[0]).Distinct();
        Assert.Equal(3, names.Count());
        Assert.True(Count(followed.Output, "line ") > 30, followed.Output);
        await roles.DoneAsync("app", "stop", "/logs/talk", "--yes");
    }

    [Fact]
    public async Task What_an_ended_instance_wrote_is_its_apps_why()
    {
        await DeployAsync("/logs/crash", "echo \"$(printf '\\033')[31mno database\" >&2; sleep 0.3; exit 3", 1, "--no-wait");
        await Eventually.TrueAsync(async () => JsonNode.Parse(
            await roles.DoneAsync("app", "show", "crash", "-o", "json"))!["lastTaskFailure"] is not null, "a failure");
        var why = await roles.DoneAsync("why", "crash");
        Assert.Matches(@"last failure: +\d+s ago on 127.0.0.2: TASK_FAILED ", why);
        Assert.Contains("stderr: \\x1b[31mno database", why, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', why);
        await Eventually.TrueAsync(async () => (await roles.DoneAsync("why", "crash"))
            .Contains("since instances have failed", StringComparison.Ordinal), "a delay");
        await roles.DoneAsync("app", "suspend", "crash", "--force");
        await Eventually.TrueAsync(async () => (await roles.RunAsync("app", "show", "crash", "-o", "json")).Output
            .Contains("\"tasksStaged\": 0", StringComparison.Ordinal), "no instance");
        var logs = await roles.RunAsync("app", "logs", "crash");
        Assert.Equal(0, logs.Code);
        Assert.Contains("no database", logs.Output, StringComparison.Ordinal);
        Assert.Contains("has ended", logs.Error, StringComparison.Ordinal);
        Assert.True(Count(await roles.DoneAsync("app", "logs", "crash", "--ended"), "no database") >= 1);
        await roles.DoneAsync("app", "stop", "/logs/crash", "--yes", "--force");
    }

    [Fact]
    public async Task Files_are_listed_read_and_kept_byte_by_byte()
    {
        await DeployAsync("/logs/files", "printf '\\000\\377\\033[2J' > raw; mkdir sub; echo deep > sub/x; exec sleep 1000", 1);
        await Eventually.TrueAsync(async () => (await roles.DoneAsync("app", "files", "list", "/logs/files"))
            .Contains("sub", StringComparison.Ordinal), "its files");
        Assert.Matches(@"-rw.* 6 .* raw", await roles.DoneAsync("app", "files", "list", "/logs/files"));
        Assert.Equal("sub/x\n", await roles.DoneAsync("app", "files", "list", "/logs/files", "sub", "-o", "name"));
        Assert.Equal("deep\n", await roles.DoneAsync("app", "files", "read", "/logs/files", "sub/x"));
        var target = Path.Combine(roles.Files, "kept.raw");
        await roles.DoneAsync("app", "files", "download", "/logs/files", "raw", "--to", target);
        Assert.Equal([0, 255, 27, .. "[2J"u8], await File.ReadAllBytesAsync(target));
        Assert.Equal(1, (await roles.RunAsync("app", "files", "download", "/logs/files", "raw", "--to", target)).Code);
        Assert.Equal(6, (await roles.RunAsync("app", "files", "read", "/logs/files", "none")).Code);
        Assert.Equal(5, (await roles.RunAsync(
            "app", "files", "read", "/logs/files", string.Concat(Enumerable.Repeat("../", 30)) + "etc/passwd")).Code);
        await roles.DoneAsync("app", "scale", "/logs/files", "2");
        var which = await roles.RunAsync("app", "files", "list", "/logs/files");
        Assert.Equal((1, true), (which.Code, which.Error.Contains("--task", StringComparison.Ordinal)));
        Assert.Equal(6, (await roles.RunAsync("app", "logs", "/logs/files", "--task", "none-such")).Code);
        await roles.DoneAsync("app", "stop", "/logs/files", "--yes");
    }

    [Fact]
    public async Task Why_names_each_agents_refusal_the_policy_and_the_owner()
    {
        await DeployAsync("/held", "exec sleep 1000", 1);
        await Eventually.TrueAsync(async () => (await roles.DoneAsync("why", "held"))
            .Contains("owned by policy held", StringComparison.Ordinal), "the policy's change");
        var held = await roles.DoneAsync("why", "held");
        Assert.Matches(@"policy: +held: 2 to 2 instances", held);
        Assert.True(Regex.IsMatch(held, @"last decision: +\d+s ago: 1 -> 2.*, applied: "), held);

        var file = roles.Write("wide.yml", "id: /wide\ncmd: exec sleep 1000\ncpus: 4000\nmem: 16\n");
        await roles.DoneAsync("app", "deploy", file, "--no-wait");
        await Eventually.TrueAsync(async () => (await roles.DoneAsync("why", "wide"))
            .Contains("InsufficientCpus", StringComparison.Ordinal), "a refusal");
        var wide = await roles.DoneAsync("why", "wide");
        Assert.Matches(@"waits for: +a place for 1 instances", wide);
        Assert.Matches(@"127\.0\.0\.2 +\d+s ago +InsufficientCpus", wide);
        Assert.Contains("no policy does", wide, StringComparison.Ordinal);

        // A role that is away keeps nobody from the rest.
        var away = await roles.RunAsync("why", "wide", "--manager", "http://127.0.0.1:9");
        Assert.Equal(0, away.Code);
        Assert.Contains("not known:     the policy: the manager at http://127.0.0.1:9 cannot be reached", away.Output,
            StringComparison.Ordinal);
        foreach (var id in (string[])["wide", "held"]) await roles.DoneAsync("app", "stop", id, "--yes", "--force");
    }

    private static int Count(string text, string word) => text.Split(word).Length - 1;

    private async Task DeployAsync(string id, string command, int instances, params string[] more)
    {
        var json = new JsonObject
        {
            ["id"] = id,
            ["cmd"] = command,
            ["cpus"] = 0.01,
            ["mem"] = 16,
            ["instances"] = instances,
        };
        await roles.DoneAsync(["app", "deploy", roles.Write("logs.json", json.ToJsonString()), .. more]);
    }
}
