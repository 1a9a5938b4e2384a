using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Snapshots;
using LifecycleManager.Scheduler.Core.Timing;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Scheduler.Tests.State;

/// <summary>
/// A stored document of any kind that cannot be read, damaged at a random place: the scheduler leads all the same, says what it
/// is, and no task is ended, expunged or replaced for it.
/// </summary>
public sealed class UnreadableStateTests
{
    private const string Web =
        """{"id":"/shop/web","cmd":"sleep 1000","instances":5,"cpus":0.1,"mem":16,"labels":{"lcm.canary":"1 pause"}}""";

    public static TheoryData<string, int> Documents
    {
        get
        {
            var all = new TheoryData<string, int>();
            foreach (var key in new[] { "apps/shop/web", "versions/shop/web", "groups", "deployments/", "instances/", "history/",
                "delays/", "clock" })
                for (var seed = 1; seed <= 3; seed++) all.Add(key, seed);
            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public async Task Tasks_run_on_whatever_cannot_be_read(string document, int seed)
    {
        await using var world = await World.StartAsync(canary: document == "deployments/");
        var tasks = world.Tasks();
        Assert.True(await world.DamageAsync(document, seed) > 0, "nothing of that kind is stored");
        await world.BeginAgainAsync();

        Assert.Equal(tasks, world.Tasks());
        Assert.DoesNotContain(world.Master.Calls, call => call.Type == CallType.Kill);
        Assert.Empty(world.Master.Faults);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task An_app_is_named_and_a_definition_that_is_put_takes_its_tasks_over(int seed)
    {
        await using var world = await World.StartAsync();
        var tasks = world.Tasks();
        await world.DamageAsync("apps/shop/web", seed);
        await world.BeginAgainAsync();

        Assert.Contains("the stored app /shop/web cannot be read", await world.HealthAsync(), StringComparison.Ordinal);
        foreach (var (method, path) in new[]
        {
            ("GET", "/v2/apps/shop/web"), ("GET", "/v2/apps/shop/web/tasks"), ("GET", "/v2/apps/shop/web/versions"),
            ("PATCH", "/v2/apps/shop/web"),
            ("DELETE", "/v2/apps/shop/web"), ("POST", "/v2/apps/shop/web/restart"), ("DELETE", "/v2/apps/shop/web/tasks"),
            ("POST", "/v2/apps"),
        })
        {
            var refused = (await world.Scheduler.SendAsync(method, path, method is "PATCH" or "POST" ? Web : null)).Is(409);
            Assert.Contains("cannot be read", refused.Text, StringComparison.Ordinal);
        }

        (await world.Scheduler.PutAsync("/v2/apps/shop/web", Web)).Is(200);
        await world.SettledAsync();
        Assert.Equal(tasks, world.Tasks());
        Assert.Equal(5, (int)(await world.Scheduler.GetAsync("/v2/apps/shop/web")).Is(200).Json["app"]!["tasksRunning"]!);
        (await world.Scheduler.GetAsync("/health")).Is(200);

        // They are its own: another leader finds them so, and another definition replaces them.
        await world.StopAsync();
        await world.BeginAgainAsync();
        Assert.Equal(tasks, world.Tasks());
        var other = Web.Replace("sleep 1000", "sleep 2000", StringComparison.Ordinal)
            .Replace("lcm.canary", "any", StringComparison.Ordinal);
        (await world.Scheduler.PutAsync("/v2/apps/shop/web", other)).Is(200);
        await world.SettledAsync();
        Assert.DoesNotContain(world.Tasks(), id => id.StartsWith("shop_web", StringComparison.Ordinal) && tasks.Contains(id));
    }

    [Fact]
    public async Task A_version_in_use_is_named_and_the_app_goes_on()
    {
        await using var world = await World.StartAsync();
        var version = world.Left.Instances.Values.First(instance => instance.AppId.Path == "/shop/web").Version;
        await world.DamageAsync("versions/shop/web:" + Timestamps.Write(version), 1);
        await world.BeginAgainAsync();

        Assert.Contains($"the stored /shop/web in version {Timestamps.Write(version)} cannot be read", await world.HealthAsync(),
            StringComparison.Ordinal);
        (await world.Scheduler.GetAsync("/v2/apps/shop/web")).Is(200);
        (await world.Scheduler.GetAsync($"/v2/apps/shop/web/versions/{Timestamps.Write(version)}")).Is(409);
        (await world.Scheduler.PutAsync("/v2/apps/shop/web", $$"""{"version":"{{Timestamps.Write(version)}}"}""")).Is(409);
    }

    [Fact]
    public async Task Groups_are_named_and_put_anew()
    {
        await using var world = await World.StartAsync();
        await world.DamageAsync("groups", 1);
        await world.BeginAgainAsync();

        Assert.Contains("the stored groups cannot be read", await world.HealthAsync(), StringComparison.Ordinal);
        (await world.Scheduler.GetAsync("/v2/groups/shop")).Is(409);
        (await world.Scheduler.DeleteAsync("/v2/groups/shop")).Is(409);
        (await world.Scheduler.GetAsync("/v2/apps/shop/web")).Is(200);
        (await world.Scheduler.PutAsync("/v2/groups/shop", """{"dependencies":["/db"]}""")).Is(200);
        (await world.Scheduler.GetAsync("/v2/groups/shop")).Is(200);
        (await world.Scheduler.GetAsync("/health")).Is(200);
    }

    [Fact]
    public async Task A_deployment_is_named_with_the_apps_that_it_may_hold_and_is_forgotten_by_force()
    {
        await using var world = await World.StartAsync(canary: true);
        var id = world.Left.Deployments.Single().Id;
        await world.DamageAsync("deployments/", 1);
        await world.BeginAgainAsync();

        Assert.Contains($"the stored deployment {id} cannot be carried on", await world.HealthAsync(), StringComparison.Ordinal);
        (await world.Scheduler.GetAsync($"/v2/deployments/{id}")).Is(409);
        (await world.Scheduler.DeleteAsync($"/v2/deployments/{id}")).Is(409);
        (await world.Scheduler.GetAsync("/v2/apps/shop/web")).Is(409);
        (await world.Scheduler.GetAsync("/v2/apps/quiet")).Is(200);

        (await world.Scheduler.DeleteAsync($"/v2/deployments/{id}?force=true")).Is(202);
        (await world.Scheduler.PutAsync("/v2/apps/shop/web", Web)).Is(200);
        await world.SettledAsync();
        Assert.Equal(5, (int)(await world.Scheduler.GetAsync("/v2/apps/shop/web")).Is(200).Json["app"]!["tasksRunning"]!);
        (await world.Scheduler.GetAsync("/health")).Is(200);
    }

    /// <summary>A master with tasks, and one scheduler after another on one store.</summary>
    private sealed class World : IAsyncDisposable
    {
        private readonly string _address = "memory:" + Guid.NewGuid().ToString("N");
        private StateBackend _state = null!;

        public FakeMaster Master { get; private set; } = null!;

        public SchedulerUnderTest Scheduler { get; private set; } = null!;

        /// <summary>How the last scheduler left it.</summary>
        public SchedulerSnapshot Left { get; private set; } = null!;

        /// <summary>
        /// Five tasks of /shop/web, of a version before the last; with a canary that rests, a sixth of another.
        /// </summary>
        public static async Task<World> StartAsync(bool canary = false)
        {
            var world = new World { Master = (await FakeMaster.StartAsync()).WithAgent("a1", cpus: 50) };
            world._state = await StateBackend.OpenAsync(world._address, null, TimeProvider.System, NullLoggerFactory.Instance,
                default);
            world.Scheduler = await SchedulerUnderTest.StartAsync(world._address, master: world.Master.Address);
            (await world.Scheduler.PutAsync("/v2/apps/quiet", """{"cmd":"x","instances":1,"cpus":0.1,"mem":16}""")).Is(201);
            (await world.Scheduler.PutAsync("/v2/apps/shop/web", Web)).Is(201);
            await world.SettledAsync();
            (await world.Scheduler.PutAsync("/v2/apps/shop/web", """{"instances":6}""")).Is(200);
            await world.SettledAsync();
            (await world.Scheduler.PutAsync("/v2/apps/shop/web", """{"instances":5}""")).Is(200);
            await world.SettledAsync();

            // One that fails waits for its next launch.
            world.Master.OnLaunch = info => info.Command?.Value == "fails" ? TaskState.Failed : TaskState.Running;
            const string Bad =
                """{"cmd":"fails","instances":1,"cpus":0.1,"mem":16,"backoffSeconds":3000,"maxLaunchDelaySeconds":3000}""";
            (await world.Scheduler.PutAsync("/v2/apps/bad", Bad)).Is(201);
            await Eventually.TrueAsync(() => world.Scheduler.Service.Snapshot.Queue.Any(item => item.DelayedUntil is not null));
            if (canary)
            {
                (await world.Scheduler.PutAsync("/v2/apps/shop/web", """{"cmd":"sleep 3000"}""")).Is(200);
                await Eventually.TrueAsync(() => world.Scheduler.Service.Snapshot.Deployments.Any(deployment =>
                    deployment.HeldSince is not null));
                (await world.Scheduler.DeleteAsync("/v2/apps/bad?force=true")).Is(200);
                await Eventually.TrueAsync(() => world.Scheduler.Service.Snapshot.Deployments.Count == 1);
            }

            await world.StopAsync();
            return world;
        }

        public async Task StopAsync()
        {
            Left = Scheduler.Service.Snapshot;
            await Scheduler.DisposeAsync();
            Master.Calls.Clear();
        }

        /// <summary>
        /// Another scheduler leads, talks with the master, and has done something: whatever it would do, it has done.
        /// </summary>
        public async Task BeginAgainAsync()
        {
            Scheduler = await SchedulerUnderTest.StartAsync(_address, master: Master.Address);
            await Eventually.TrueAsync(() => Scheduler.Service.Snapshot.Framework.Connected);
            var barrier = new AppId($"/barrier{Master.Launched.Count}");
            (await Scheduler.PutAsync("/v2/apps" + barrier, """{"cmd":"x","instances":1,"cpus":0.1,"mem":16}""")).Is(201);
            await Eventually.TrueAsync(() => Scheduler.Service.Snapshot.Apps[barrier].Running == 1);
        }

        public Task SettledAsync() => Eventually.TrueAsync(() => Scheduler.Service.Snapshot is var snapshot
            && snapshot.Deployments.All(deployment => deployment.AffectedApps.All(app => app.Path == "/bad"))
            && snapshot.Apps.Values.Where(app => app.Definition.Id.Path != "/bad")
            .All(app => app.Running == app.Definition.Instances && app.Instances.Count == app.Running),
            more: Describe);

        private string Describe() => string.Join("; ", Scheduler.Service.Snapshot.Apps.Values.Select(app =>
            $"{app.Definition.Id} has {app.Running} of {app.Definition.Instances}, deployments {string.Join(", ", app.DeploymentIds)}"));

        public List<string> Tasks() =>
            [.. Master.Tasks.Select(task => task.Info.TaskId.Value)
                .Where(id => !id.StartsWith("barrier", StringComparison.Ordinal)).Order()];

        public async Task<string> HealthAsync() => (string)(await Scheduler.GetAsync("/health")).Is(503).Json["detail"]!;

        /// <summary>Damages the documents of a kind: cuts them off, or writes zeros over a part.</summary>
        public async Task<int> DamageAsync(string prefix, int seed)
        {
            var random = new Random(seed);
            var writes = new List<StateWrite>();
            await foreach (var entry in _state.Store.ListAsync("scheduler/" + prefix))
            {
                var bytes = entry.Value.ToArray();
                var at = random.Next(bytes.Length);
                if (random.Next(2) == 0) bytes = bytes[..at];
                else bytes.AsSpan(at, Math.Min(random.Next(1, 9), bytes.Length - at)).Clear();
                writes.Add(new StateWrite(entry.Key, bytes));
            }

            // Stored only while something waits.
            if (prefix == "clock" && writes.Count == 0) writes.Add(new StateWrite("scheduler/clock", new byte[] { 0 }));
            await _state.Store.WriteAsync(writes);
            return writes.Count;
        }

        public async ValueTask DisposeAsync()
        {
            await Scheduler.DisposeAsync();
            await Master.DisposeAsync();
            await _state.DisposeAsync();
        }
    }
}
