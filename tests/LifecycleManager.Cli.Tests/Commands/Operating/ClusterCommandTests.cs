using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LifecycleManager.Cli.Tests.Commands.Operating;

/// <summary>Agents, groups, pods, decisions and the whole installation, on real roles.</summary>
[Collection(RunningRolesCollection.Name)]
public sealed class ClusterCommandTests(RunningRoles roles)
{
    [Fact]
    public async Task An_agent_is_listed_shown_drained_and_resumed()
    {
        Assert.Matches(@"127\.0\.0\.2 +active ", await roles.DoneAsync("agent", "list"));
        var id = (await roles.DoneAsync("agent", "list", "-o", "name")).Trim();
        Assert.Contains($"agent:       {id}", await roles.DoneAsync("agent", "show", "127.0.0.2"), StringComparison.Ordinal);
        Assert.Contains("is drained", await roles.DoneAsync("agent", "drain", "127.0.0.2"), StringComparison.Ordinal);
        Assert.Matches("127.0.0.2 +drained ", await roles.DoneAsync("agent", "list"));
        var doctor = await roles.RunAsync("doctor");
        Assert.Equal(2, doctor.Code);
        Assert.Contains($"lcm agent resume {id}", doctor.Output, StringComparison.Ordinal);
        await roles.DoneAsync("agent", "resume", id[..(id.Length - 1)]);
        Assert.Matches("127.0.0.2 +active ", await roles.DoneAsync("agent", "list"));
        Assert.Equal(6, (await roles.RunAsync("agent", "drain", "no-such-host")).Code);
    }

    [Fact]
    public async Task A_group_and_a_pod_are_deployed_listed_and_ended()
    {
        var group = roles.Write("group.yml",
            "id: /many\napps:\n  - { id: one, cmd: exec sleep 1000, cpus: 0.01, mem: 16 }\n  - { id: two, cmd: exec sleep 1000, "
                + "cpus: 0.01, mem: 16 }\n");
        Assert.Contains("/many/one", await roles.DoneAsync("group", "deploy", group, "--dry-run"), StringComparison.Ordinal);
        Assert.EndsWith("is done\n", await roles.DoneAsync("group", "deploy", group), StringComparison.Ordinal);
        Assert.Matches(@"/many +2 +0 ", await roles.DoneAsync("group", "list"));
        Assert.Equal(1, (await roles.RunAsync("group", "stop", "/many")).Code);
        await roles.DoneAsync("group", "stop", "/many", "--yes");
        Assert.DoesNotContain("/many", await roles.DoneAsync("app", "list"), StringComparison.Ordinal);

        var pod = roles.Write("pod.yml",
            "id: /pair\ncontainers:\n  - { name: a, exec: { command: { shell: sleep 1000 } }, resources: { cpus: 0.01, mem: 16 "
                + "} }\n");
        Assert.EndsWith("is done\n", await roles.DoneAsync("pod", "deploy", pod), StringComparison.Ordinal);
        Assert.Matches(@"/pair +stable +1 +a ", await roles.DoneAsync("pod", "list"));
        Assert.Contains("stable", await roles.DoneAsync("pod", "show", "/pair"), StringComparison.Ordinal);
        await roles.DoneAsync("pod", "stop", "/pair", "--yes");
        Assert.Equal(6, (await roles.RunAsync("pod", "show", "/pair")).Code);
    }

    [Fact]
    public async Task Decisions_are_listed_and_followed()
    {
        using var signal = new CancellationTokenSource();
        await using var heard = new StringWriter();
        await using var shared = TextWriter.Synchronized(heard);
        var following = roles.RunAsync(shared, signal.Token, "decision", "watch", "--app", "/held");
        var file = roles.Write("held.json", """{"id":"/held","cmd":"exec sleep 1000","cpus":0.01,"mem":16,"instances":1}""");
        await roles.DoneAsync("app", "deploy", file);
        await Eventually.TrueAsync(async () => (await roles.DoneAsync("decision", "list", "--app", "/held"))
            .Contains(" applied ", StringComparison.Ordinal), "a decision");

        // An earlier decision may be listed before the manager has seen this app.
        var list = await Eventually.GetAsync(async () =>
            await roles.RunAsync("decision", "list", "--app", "held") is { Code: 0 } run ? run.Output : null,
            "the app at the manager", more: () => roles.Log);
        Assert.True(Regex.IsMatch(list, @"/held +1 -> 2 +\w+ +applied +held "), list);

        Assert.Equal(6, (await roles.RunAsync("decision", "list", "--app", "eld")).Code);

        // Who begins to follow hears of the decisions from then on.
        await Eventually.TrueAsync(async () =>
        {
            lock (shared)
            {
                if (heard.ToString().Contains("/held  1 -> 2", StringComparison.Ordinal)) return true;
            }

            await roles.RunAsync("app", "scale", "held", "1", "--force");
            return false;
        }, "a decision that is followed");
        await signal.CancelAsync();
        var run = await following;
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.StartsWith("BUDGET", await roles.DoneAsync("budget"), StringComparison.Ordinal);
        await roles.DoneAsync("app", "stop", "held", "--yes", "--force");
    }

    [Fact]
    public async Task What_apps_use_is_shown_with_the_busiest_first()
    {
        var file = roles.Write("busy.json", """
            [{"id":"/use/busy","cmd":"while true; do :; done","cpus":0.1,"mem":16,"instances":1},
             {"id":"/use/idle","cmd":"exec sleep 1000","cpus":0.1,"mem":16,"instances":2}]
            """);
        await roles.DoneAsync("app", "deploy", file);
        var lines = (await roles.DoneAsync("top", "--every", "1s")).Split('\n').Where(
            line => line.StartsWith("/use", StringComparison.Ordinal))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        Assert.Equal(["/use/busy", "/use/idle"], lines.Select(line => line[0]));
        Assert.Equal(["1", "2"], lines.Select(line => line[1]));
        Assert.NotEqual("-", lines[0][2]);
        await roles.DoneAsync("group", "stop", "/use", "--yes");
    }

    [Fact]
    public async Task Doctor_finds_policies_that_govern_nothing_and_roles_that_are_away()
    {
        // The app of an earlier test may be gone a moment before the manager sees that it is.
        var (found, policy) = await Eventually.GetAsync(async () =>
        {
            var findings = JsonNode.Parse((await roles.RunAsync("doctor", "-o", "json")).Output)!.AsArray();
            return findings.SingleOrDefault(finding => (string?)finding!["where"] == "policy held") is { } one
                ? Tuple.Create(findings, one) : null;
        }, "a policy that governs nothing", more: () => roles.Log);
        Assert.Contains("it governs nothing: no app is /held", (string?)policy["what"], StringComparison.Ordinal);
        Assert.DoesNotContain(found, finding => (string?)finding!["severity"] == "error");
        var away = await roles.RunAsync("doctor", "--manager", "http://127.0.0.1:9");
        Assert.Equal(2, away.Code);
        Assert.Matches(@"error +manager http://127\.0\.0\.1:9 +the manager at http://127\.0\.0\.1:9 cannot be reached",
            away.Output);
    }

    [Fact]
    public async Task Doctor_looks_at_clocks_and_deployments_that_wait()
    {
        await using var scheduler = await Answering.OfCallsAsync(call =>
        {
            call.Response.Headers.Set(HttpResponseHeader.Date, DateTime.UtcNow.AddHours(3).ToString("R"));
            return call.Request.Url!.AbsolutePath switch
            {
                "/v2/deployments" => (200, """
                    [{"id":"d1","version":"2026-01-01T00:00:00.000Z","affectedApps":["/a"],"currentStep":1,"totalSteps":1,
                      "currentActions":[{"action":"ScaleApplication","app":"/a"}]}]
                    """),
                "/v2/queue" => (200, """{"queue":[]}"""),
                _ => (200, """{"status":"up"}"""),
            };
        });
        var run = await roles.RunAsync("doctor", "--scheduler", scheduler.Address.ToString());
        Assert.True(run.Code == 2, run.Error + run.Output);
        Assert.Matches("its clock is [23]h ahead of the one here", run.Output);
        Assert.Matches(@"deployment d1 +it is under way for \d+d: step 1 of 1: scale /a +'lcm why /a'", run.Output);
    }
}
