using System.Text.Json.Nodes;
using LifecycleManager.Testing;

namespace LifecycleManager.Scheduler.Tests.Api;

/// <summary>A migration needs no edit: what a Marathon shows is posted as it is, runs, and is read and put back.</summary>
public sealed class ExportedTests
{
    [Fact]
    public async Task What_a_marathon_exports_is_posted_runs_and_is_put_back_unedited()
    {
        await using var master = (await FakeMaster.StartAsync()).WithAgent(
            "a1", cpus: 1_000, mem: 1_000_000, ports: "20000-29000", ("rack", "r1"));
        await using var scheduler = await SchedulerUnderTest.StartAsync(master: master.Address);
        var exported = MarathonExports.Versions.SelectMany(version =>
            MarathonExports.Kinds.Keys.Select(kind => (Kind: kind, App: MarathonExports.Write(kind, version)))).ToList();
        Assert.True(exported.Count >= 121);
        foreach (var (_, app) in exported)
        {
            var answer = await scheduler.PostAsync("/v2/apps?force=true", app.ToJsonString());
            Assert.True((int)answer.Status == 201, $"{app.ToJsonString()}: {answer.Text}");
        }

        // Each of them; of those with checks nothing is asked here for its first minute.
        await Eventually.TrueAsync(() => scheduler.Service.Snapshot.Apps.Values.All(app => app.Running == 1),
            "all run", more: () => string.Join(' ', scheduler.Service.Snapshot.Queue.Select(item =>
                $"{item.Definition.Id}: {(item.LastRefused is [.., var last] ? last.Message : "no offer")}")));
        Assert.Empty(master.Faults);
        foreach (var (kind, app) in exported)
        {
            var path = $"/v2/apps{(string)app["id"]!}";
            var read = (await scheduler.GetAsync(path)).Is(200).Json["app"]!.AsObject();
            Says(app, read);
            (await scheduler.PutAsync(path + "?force=true", read.ToJsonString())).Is(200);
            var again = (await scheduler.GetAsync(path)).Json["app"]!;
            Assert.True((string?)read["version"] == (string?)again["version"], $"{kind}: {read} was changed to {again}");
            (await scheduler.PutAsync(path + "?force=true&partialUpdate=false", app.ToJsonString())).Is(200);
            Assert.Equal((string?)read["version"], (string?)(await scheduler.GetAsync(path)).Json["app"]!["version"]);
        }
    }

    /// <summary>What is shown is what was exported, whatever the notation.</summary>
    private static void Says(JsonObject exported, JsonObject shown)
    {
        foreach (var field in new[] { "cmd", "args", "env", "labels", "constraints", "user", "dependencies", "upgradeStrategy" })
        {
            if (exported[field] is { } value)
                Assert.True(JsonNode.DeepEquals(JsonNode.Parse(value.ToJsonString()), shown[field]),
                    $"{field} of {exported.ToJsonString()} is {shown[field]}");
        }

        var docker = exported["container"]?["docker"];
        var mapped = (docker?["portMappings"] ?? exported["container"]?["portMappings"])?.AsArray();
        var mode = (string?)docker?["network"] ?? (string?)exported["networks"]?[0]?["mode"] ?? "host";
        if (mode.Equals("HOST", StringComparison.OrdinalIgnoreCase))
        {
            var ports = (exported["ports"]?.AsArray().Select(port => (int)port!)
                ?? exported["portDefinitions"]!.AsArray().Select(port => (int)port!["port"]!)).ToList();
            Assert.Equal(ports.Count, shown["portDefinitions"]!.AsArray().Count);
            Assert.All(ports.Zip(shown["portDefinitions"]!.AsArray()), pair =>
                Assert.True(pair.First == 0 || pair.First == (int)pair.Second!["port"]!));
            Assert.Null(shown["container"]?["portMappings"]);
            return;
        }

        Assert.Equal(mapped!.Select(port => (int)port!["containerPort"]!), shown["container"]!["portMappings"]!.AsArray()
            .Take(mapped!.Count).Select(port => (int)port!["containerPort"]!));
        Assert.Null(shown["portDefinitions"]);
        Assert.Equal(mode is "BRIDGE" or "container/bridge" ? "container/bridge" : "container",
            (string?)shown["networks"]![0]!["mode"]);
    }
}
