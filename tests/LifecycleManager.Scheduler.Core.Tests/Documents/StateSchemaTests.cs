using System.Text;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Tests.Simulating;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Core.Tests.Documents;

/// <summary>
/// What an earlier version has stored is read as it was meant. The documents here are history: they never change.
/// </summary>
public sealed class StateSchemaTests
{
    [Fact]
    public void Schema_1_is_read_whole()
    {
        var store = new SimulatedStore();
        Put(store, "scheduler/schema", """{"version":1}""");
        Put(store, "scheduler/framework", """{"id":"framework-1"}""");
        Put(store, "scheduler/groups", """
            {"version":"2026-11-24T10:00:00.002Z","groups":[
              {"id":"/","version":"2026-11-24T10:00:00.002Z"},
              {"id":"/shop","version":"2026-11-24T10:00:00.002Z","dependencies":["/db"]}]}
            """);
        const string Web = """
            {"app":{"id":"/shop/web","cmd":"run","instances":3,"cpus":0.5,"mem":64,"version":"2026-11-24T10:00:00.002Z"},
             "lastScalingAt":"2026-11-24T10:00:00.002Z","lastConfigChangeAt":"2026-11-24T10:00:00.001Z","countOwner":"policy web",
             "versions":["2026-11-24T10:00:00.002Z","2026-11-24T10:00:00.001Z"]}
            """;
        Put(store, "scheduler/apps/shop/web", Web);
        Put(store, "scheduler/versions/shop/web:2026-11-24T10:00:00.002Z", Web);
        Put(store, "scheduler/versions/shop/web:2026-11-24T10:00:00.001Z",
            Web.Replace("00.002Z", "00.001Z", StringComparison.Ordinal));
        Put(store, "scheduler/instances/shop_web.instance-1._app.1", """
            {"taskId":"shop_web.instance-1._app.1","app":"/shop/web","version":"2026-11-24T10:00:00.001Z","config":"2026-11-24T10:00:00.001Z",
             "agentId":"a1","host":"h1","ports":[31000,null],"attributes":{"rack":"r1"},"zone":"z1","state":"Running","ending":true,
             "stagedAt":"2026-11-24T10:00:01.000Z","startedAt":"2026-11-24T10:00:02.000Z","since":"2026-11-24T10:00:02.000Z",
             "addresses":[{"address":"172.17.0.2","protocol":"IPv4"}],"agentHealthy":true,"notReady":true}
            """);
        Put(store, "scheduler/deployments/d1", """
            {"id":"d1","version":"2026-11-24T10:00:00.002Z","createdAt":"2026-11-24T10:00:00.002Z","reason":"policy web",
             "steps":[{"actions":[{"action":"ScaleApplication","app":"/shop/web"}]}],"currentStep":0,"stepStartedAt":"2026-11-24T10:00:00.002Z",
             "before":{"/shop/web":"2026-11-24T10:00:00.001Z"}}
            """);
        Put(store, "scheduler/history/2026-11-24T10:00:00.002Z", """
            {"version":"2026-11-24T10:00:00.002Z","apps":[{"app":"/shop/web","before":"2026-11-24T10:00:00.001Z","after":"2026-11-24T10:00:00.002Z"}]}
            """);

        var loaded = store.Load();

        Assert.Equal("framework-1", loaded.FrameworkId);
        Assert.Equal([new AppId("/db")], loaded.Root.FindGroup(new AppId("/shop"))!.Dependencies);
        Assert.Equal(3, loaded.Root.FindApp(new AppId("/shop/web"))!.Instances);
        var app = Assert.Single(loaded.Apps);
        Assert.Equal("policy web", app.CountOwner);
        Assert.Equal(2, app.Versions.Count);

        // Since when it is there was not stored: since its oldest version, and that is stored from then on.
        Assert.Equal(Timestamps.Read("2026-11-24T10:00:00.001Z"), app.CreatedAt);
        Assert.Equal(app.CreatedAt, StateMapping.ReadApp(StateMapping.Write(app with { Versions = [] })).CreatedAt);
        Assert.Equal(Timestamps.Read("2026-11-24T10:00:00.001Z"), Assert.Single(loaded.Older).Definition.Version);
        var instance = Assert.Single(loaded.Instances);
        Assert.Equal(InstanceGoal.Ended, instance.Goal);
        Assert.Equal([31000, null], instance.Ports);
        Assert.Equal(("h1", "z1", "r1", false, true),
            (instance.Host, instance.Zone, instance.Attributes["rack"], instance.Ready, instance.AgentHealthy));
        Assert.Equal("d1", Assert.Single(loaded.Deployments).Id);
        Assert.Single(loaded.History);
    }

    [Fact]
    public void A_store_of_a_later_version_is_refused_with_both_numbers()
    {
        var store = new SimulatedStore();
        Put(store, "scheduler/schema", """{"version":2}""");

        var refused = Assert.Throws<InvalidDataException>(store.Load);

        Assert.Equal("the stored state has schema 2; this version reads schemas up to 1", refused.Message);
    }

    [Fact]
    public void Without_knowing_who_it_is_a_scheduler_does_not_begin()
    {
        var store = new SimulatedStore();
        Put(store, "scheduler/framework", """{"id":""");

        var refused = Assert.Throws<InvalidDataException>(store.Load);

        Assert.Contains("'scheduler/framework'", refused.Message, StringComparison.Ordinal);
    }

    private static void Put(SimulatedStore store, string key, string json) => store.Entries[key] = Encoding.UTF8.GetBytes(json);
}
