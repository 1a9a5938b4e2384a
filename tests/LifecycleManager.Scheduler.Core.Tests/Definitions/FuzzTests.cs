using System.Text;
using System.Text.Json;
using CsCheck;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Definitions.Json;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Launching;
using LifecycleManager.Scheduler.Core.Placement;

namespace LifecycleManager.Scheduler.Core.Tests.Definitions;

public sealed class FuzzTests
{
    private static readonly DefinitionRules Rules = new();

    [Fact]
    public void Every_app_is_refused_with_its_paths_or_can_be_stored_placed_and_launched()
    {
        var accepted = 0;
        Gen.Int.Sample(
            seed =>
            {
                var json = new RandomApps(seed).App();
                if (Create(json) is not { } app) return;
                Interlocked.Increment(ref accepted);

                var stored = JsonSerializer.SerializeToUtf8Bytes(app.Wire, MarathonJson.Default.App);
                var again = AppDefinition.FromWire(JsonSerializer.Deserialize(stored, MarathonJson.Default.App)!);
                Assert.True(app.SameAs(again), json);
                Assert.True(app.SameAs(AppDefinitions.CreateAt(app.Id, AppDefinitions.ReadApp(stored), Rules)),
                    $"what is shown is not taken back: {json}");
                Assert.True(app.SameAs(AppDefinitions.Update(app, new App(), Rules)), $"an empty update changes it: {json}");
                Assert.Equal(app.Wire.Id, app.Id.Path);
                Assert.Null(AppIdSyntax.WhyInvalid(app.Id));
                Launch(ServicePorts.Assign(GroupDefinition.Empty.PutApp(app), GroupDefinition.Empty, Rules).FindApp(app.Id)!);
            },
            iter: 2_000, threads: 2);
        Assert.True(accepted > 400, $"only {accepted} were accepted: the test says little");
    }

    [Fact]
    public void Every_update_is_refused_with_its_paths_or_gives_a_definition()
    {
        var app =
            Create("""{"id":"/a","container":{"docker":{"image":"i","network":"BRIDGE","portMappings":[{"containerPort":80}]}},"healthChecks":[{}]}""")!;
        Gen.Int.Sample(
            seed =>
            {
                var json = new RandomApps(seed).App();
                if (Read(json) is not { } update) return;
                try
                {
                    Launch(AppDefinitions.Update(app, update with { Id = null }, Rules));
                }
                catch (ChangeRefusedException e)
                {
                    Assert.All(e.Problems, problem => Assert.StartsWith("/", problem.Path, StringComparison.Ordinal));
                }
            },
            iter: 1_000, threads: 2);
    }

    [Fact]
    public void Any_bytes_are_json_or_not() => Gen.Select(Gen.Int, Gen.Byte.Array[0, 3], Gen.Int[0, 400]).Sample(
        (seed, bytes, at) =>
        {
            var text = Encoding.UTF8.GetBytes(new RandomApps(seed).App());
            bytes.AsSpan(0, Math.Min(bytes.Length, Math.Max(0, text.Length - at))).CopyTo(text.AsSpan(Math.Min(at, text.Length)));
            try
            {
                AppDefinitions.ReadApp(text);
                AppDefinitions.ReadGroup(text);
            }
            catch (Exception e) when (e is MalformedJsonException or ChangeRefusedException)
            {
                // Refused, with a reason.
            }
        },
        iter: 2_000, threads: 2);

    private static App? Read(string json)
    {
        try
        {
            return AppDefinitions.ReadApp(Encoding.UTF8.GetBytes(json));
        }
        catch (MalformedJsonException)
        {
            return null;
        }
        catch (ChangeRefusedException e)
        {
            Assert.All(e.Problems, problem => Assert.StartsWith("/", problem.Path, StringComparison.Ordinal));
            return null;
        }
    }

    private static AppDefinition? Create(string json)
    {
        if (Read(json) is not { } app) return null;
        try
        {
            return AppDefinitions.Create(app, AppId.Root, Rules);
        }
        catch (ChangeRefusedException e)
        {
            Assert.All(e.Problems, problem => Assert.StartsWith("/", problem.Path, StringComparison.Ordinal));
            return null;
        }
    }

    private static void Launch(AppDefinition app)
    {
        foreach (var constraint in app.Constraints) new ConstraintLedger(constraint).Allows("r1");
        var instance = new Instance
        {
            TaskId = TaskIds.Make(app.Id, Guid.Empty),
            AppId = app.Id,
            Version = app.Version,
            ConfigVersion = app.Version,
            AgentId = "agent",
            Host = "host",
            State = InstanceState.Provisioned,
            StagedAt = DateTimeOffset.UnixEpoch,
            Since = DateTimeOffset.UnixEpoch,
            Ports = [.. app.Ports.Select(port => port.HostPort == 0 ? 31_000 : port.HostPort)],
        };
        var task = TaskInfoBuilder.Build(app, instance, [], "");
        Assert.NotEmpty(JsonSerializer.SerializeToUtf8Bytes(task, MesosJson.Default.TaskInfo));
    }
}
