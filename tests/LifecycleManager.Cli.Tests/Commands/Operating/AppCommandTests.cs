using System.Text.Json.Nodes;

namespace LifecycleManager.Cli.Tests.Commands.Operating;

/// <summary>What operators do with apps and deployments, on real roles and processes.</summary>
[Collection(RunningRolesCollection.Name)]
public sealed class AppCommandTests(RunningRoles roles)
{
    private const string Web = "id: /one/web\ncmd: exec sleep 1000\ncpus: 0.01\nmem: 16\ninstances: 2\nenv: { A: \"1\" }\n";

    [Fact]
    public async Task An_app_is_deployed_shown_changed_taken_back_and_ended()
    {
        var file = roles.Write("web.yml", Web);
        Assert.Equal(2, (await roles.RunAsync("app", "diff", file)).Code);
        var dry = await roles.DoneAsync("app", "deploy", file, "--dry-run");
        Assert.Contains("/one/web is new\n  + cmd: \"exec sleep 1000\"\n", dry, StringComparison.Ordinal);
        Assert.Equal(6, (await roles.RunAsync("app", "show", "/one/web")).Code);

        Assert.EndsWith("is done\n", await roles.DoneAsync("app", "deploy", file), StringComparison.Ordinal);
        Assert.Matches(@"/one/web +running +2 +2 ", await roles.DoneAsync("app", "list", "--id", "one"));
        Assert.Equal("/one/web\n", await roles.DoneAsync("app", "list", "--id", "one", "-o", "name"));
        Assert.Equal("/one/web is as it is defined\n", await roles.DoneAsync("app", "deploy", file));
        Assert.Equal(0, (await roles.RunAsync("app", "diff", file)).Code);

        roles.Write("web.yml", Web.Replace("A: \"1\"", "B: \"2\"", StringComparison.Ordinal));
        Assert.Contains("  + env.B: \"2\"\n  - env.A: \"1\"\n", await roles.DoneAsync("app", "deploy", file),
            StringComparison.Ordinal);
        await roles.DoneAsync("app", "scale", "web", "3");
        Assert.Matches("3 wanted, 3 running", await roles.DoneAsync("app", "show", "web"));
        var versions = await roles.DoneAsync("app", "versions", "web", "-o", "name");
        Assert.Equal(3, versions.Trim().Split('\n').Length);

        // Back over the change of the count alone, to the last other definition.
        Assert.Contains("  + env.A: \"1\"\n  - env.B: \"2\"\n", await roles.DoneAsync("app", "rollback", "web"),
            StringComparison.Ordinal);
        var shown = JsonNode.Parse(await roles.DoneAsync("app", "show", "web", "-o", "json"))!;
        Assert.Equal("1", (string?)shown["env"]!["A"]);
        Assert.Null(shown["env"]!["B"]);

        await roles.DoneAsync("app", "restart", "web");
        await roles.DoneAsync("app", "suspend", "web");
        Assert.Matches(@"/one/web +suspended +0 +0 ", await roles.DoneAsync("app", "list"));
        var asked = await roles.RunAsync("app", "stop", "web");
        Assert.Equal((1, true), (asked.Code, asked.Error.Contains("--yes", StringComparison.Ordinal)));
        await roles.DoneAsync("app", "stop", "web", "--yes");
        Assert.Equal(6, (await roles.RunAsync("app", "stop", "/one/web", "--yes")).Code);
    }

    [Fact]
    public async Task A_name_that_two_apps_end_with_is_neither()
    {
        foreach (var id in (string[])["/two/a/twin", "/two/b/twin"])
            await roles.DoneAsync(
                "app", "deploy", roles.Write("twin.yml", Web.Replace("/one/web", id, StringComparison.Ordinal)));
        var run = await roles.RunAsync("app", "restart", "twin");
        Assert.Equal((6, "lcm: 2 apps end with 'twin': /two/a/twin, /two/b/twin; say the whole id\n"),
            (run.Code, run.Error.ReplaceLineEndings("\n")));
        var none = await roles.RunAsync("app", "show", "/two/a/twni");
        Assert.Equal(6, none.Code);
        await roles.DoneAsync("app", "show", "a/twin");
        foreach (var id in (string[])["/two/a/twin", "/two/b/twin"]) await roles.DoneAsync("app", "stop", id, "--yes");
    }

    [Fact]
    public async Task What_does_not_fit_waits_is_locked_and_is_taken_back()
    {
        var file = roles.Write("big.yml", Web.Replace("/one/web", "/big", StringComparison.Ordinal)
            .Replace("cpus: 0.01", "cpus: 5000", StringComparison.Ordinal));
        var waited = await roles.RunAsync("app", "deploy", file, "--wait-limit", "1s");
        Assert.Equal(3, waited.Code);
        Assert.Contains("lcm why /big", waited.Error, StringComparison.Ordinal);
        Assert.Matches(@"/big +2 .*InsufficientCpus", await roles.DoneAsync("queue"));
        Assert.Matches(@"/big +step \d of \d: ", await roles.DoneAsync("deployment", "list"));
        var id = (await roles.DoneAsync("deployment", "list", "-o", "name")).Trim();

        var locked = await roles.RunAsync("app", "scale", "big", "1");
        Assert.Equal((7, true), (locked.Code, locked.Error.Contains($"lcm deployment watch {id}", StringComparison.Ordinal)));

        // One waits while another takes it back: the first hears that it failed.
        var watching = roles.RunAsync("deployment", "watch", id);
        await Task.Delay(500);
        await roles.DoneAsync("deployment", "rollback", id);
        var watched = await watching;
        Assert.True(watched.Code == 3, $"{watched.Code} {watched.Error}");
        Assert.Contains($"deployment {id} has failed", watched.Error, StringComparison.Ordinal);
        Assert.Equal(6, (await roles.RunAsync("deployment", "watch", id)).Code);
        Assert.Equal("", await roles.DoneAsync("app", "list", "--id", "big", "-o", "name"));
    }

    [Fact]
    public async Task Who_stops_waiting_is_told_that_it_goes_on()
    {
        var file = roles.Write("left.yml", Web.Replace("/one/web", "/left", StringComparison.Ordinal)
            .Replace("cpus: 0.01", "cpus: 5000", StringComparison.Ordinal));
        using var signal = new CancellationTokenSource();
        var waiting = roles.RunAsync(signal.Token, "app", "deploy", file);
        await Eventually.TrueAsync(
            async () => (await roles.DoneAsync("deployment", "list", "-o", "name")).Length > 0, "it waits");
        await Task.Delay(1000);
        await signal.CancelAsync();
        var run = await waiting;
        Assert.Equal(130, run.Code);
        Assert.Contains("lcm deployment watch ", run.Error, StringComparison.Ordinal);
        await roles.DoneAsync("app", "stop", "left", "--yes", "--force");
    }

    [Fact]
    public async Task Events_are_followed_until_somebody_ends_it()
    {
        using var signal = new CancellationTokenSource();
        var following = roles.RunAsync(signal.Token, "events", "--app", "/seen");
        await Task.Delay(1000);
        await roles.DoneAsync(
            "app", "deploy", roles.Write("seen.yml", Web.Replace("/one/web", "/seen", StringComparison.Ordinal)));
        await roles.DoneAsync("app", "stop", "seen", "--yes");
        await signal.CancelAsync();
        var run = await following;
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Matches(@"status_update_event  appId=/seen .*taskStatus=TASK_RUNNING", run.Output);
        Assert.Contains("app_terminated_event", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_whole_is_shown_on_one_screen()
    {
        var run = await roles.RunAsync("status");
        Assert.True(run.Code == 0, run.Output + run.Error);
        foreach (var role in (string[])["scheduler", "master", "manager"]) Assert.Matches(role + " +http://127", run.Output);
        Assert.Contains("agents:       1 active", run.Output, StringComparison.Ordinal);
        var gone = await roles.RunAsync("status", "--manager", "http://127.0.0.1:9");
        Assert.Equal(8, gone.Code);
        Assert.Matches("manager +http://127.0.0.1:9 +away", gone.Output);
        Assert.Contains("agents:       1 active", gone.Output, StringComparison.Ordinal);
    }
}
