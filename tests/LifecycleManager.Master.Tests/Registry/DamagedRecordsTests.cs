using System.Text;
using CsCheck;
using LifecycleManager.Master.Leadership;
using LifecycleManager.Master.Registry;
using LifecycleManager.Master.Tests.Simulation;
using LifecycleManager.Protocol.Agents;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Master.Tests.Registry;

/// <summary>Stored records that cannot be read: the master leads without them, says so, and keeps them.</summary>
public sealed class DamagedRecordsTests
{
    private static readonly string[] Records =
    [
        """{"info":{"hostname":"h","port":5051,"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":4}}],"attributes":[{"name":"rack","type":"TEXT","text":{"value":"r"}}],"id":{"value":"a1"}},"standing":"Unreachable","since":"2026-01-01T00:00:00+00:00","reserved":[{"name":"cpus","type":"SCALAR","scalar":{"value":4},"reservations":[{"type":"DYNAMIC","role":"r"}]}],"deactivated":true,"drain":{"max_grace_period_seconds":5,"mark_gone":true,"drained":false}}""",
        """{"info":{"user":"u","name":"n","id":{"value":"f1"},"failover_timeout":60,"roles":["r"],"capabilities":[{"type":"MULTI_ROLE"}]},"registered_at":"2026-01-01T00:00:00+00:00"}""",
        """{"weights":{"a":2},"quotas":[{"role":"a","guarantees":{"cpus":{"value":1}},"limits":{"cpus":{"value":2}}}]}""",
        """{"windows":[{"machine_ids":[{"hostname":"h","ip":"1.2.3.4"}],"unavailability":{"start":{"nanoseconds":1},"duration":{"nanoseconds":5}}}]}""",
    ];

    private static readonly string[] Keys = ["master/agents/a1", "master/frameworks/f1", RegistryKeys.Roles,
        RegistryKeys.Maintenance];

    [Fact]
    public void Damage_at_any_place_is_read_or_set_aside_and_never_keeps_the_master_from_leading()
    {
        var aside = 0;
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 10_000], Gen.Byte, Gen.Int[0, 3]).Sample(
            (which, offset, value, kind) =>
            {
                var bytes = Encoding.UTF8.GetBytes(Records[which]);
                var at = offset % bytes.Length;
                byte[] damaged = kind switch
                {
                    0 => bytes[..at],
                    1 => [.. bytes[..at], .. new byte[bytes.Length - at]],
                    2 => [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + 1 + (value % 16))..]],
                    _ => [.. bytes[..at], value, .. bytes[(at + 1)..]],
                };
                aside += CheckAsync(which, damaged).GetAwaiter().GetResult();
            },
            iter: 400, threads: 1);
        Assert.True(aside > 100, $"{aside} were set aside");
    }

    [Fact]
    public async Task What_is_set_aside_is_named_its_agent_returns_as_usual_and_what_was_there_is_kept()
    {
        var store = Guid.NewGuid().ToString("N");
        await using var backend = await StateBackend.OpenAsync("memory:" + store, null, TimeProvider.System,
            NullLoggerFactory.Instance, CancellationToken.None);
        await backend.Store.WriteAsync(
            [.. Keys.Select(key => new StateWrite(key, Encoding.UTF8.GetBytes("{\"damaged\":" + key)))]);
        await using var master = await MasterUnderTest.StartAsync(store: store);
        await master.LeadsAsync();
        var (status, text) = await master.HealthAsync();
        Assert.Equal(200, status);
        Assert.All(Keys, key => Assert.Contains(key, text, StringComparison.Ordinal));

        // Its tasks are not known to be gone: it may have them yet.
        await using var framework = await master.FrameworkAsync();
        await framework.CallAsync(new SchedulerCall
        {
            Type = CallType.Reconcile,
            Reconcile = new ReconcileCall([new(new TaskId("t1"), new AgentId("a1"))])
        });
        Assert.Null(framework.StateOf("t1"));
        await using var agent = master.Agent();
        agent.Info = agent.Info with { Id = new AgentId("a1") };
        Assert.Equal(AgentEventType.Registered, (await agent.RegisterAsync()).Type);

        (_, text) = await master.HealthAsync();
        Assert.DoesNotContain(Keys[0], text, StringComparison.Ordinal);
        Assert.All(Keys[1..], key => Assert.Contains(key, text, StringComparison.Ordinal));
        var kept = await master.Store.GetAsync(SetAsideRecords.Prefix + Keys[0]);
        Assert.Equal("{\"damaged\":" + Keys[0], Encoding.UTF8.GetString(kept!.Value.Span));
        Assert.Equal("{\"damaged\":" + Keys[1], Encoding.UTF8.GetString((await master.Store.GetAsync(Keys[1]))!.Value.Span));
    }

    /// <summary>Whether it was set aside. The core takes over, and shows, whatever was read.</summary>
    private static async Task<int> CheckAsync(int which, byte[] damaged)
    {
        await using var backend = await StateBackend.OpenAsync("memory:", null, TimeProvider.System, NullLoggerFactory.Instance,
            CancellationToken.None);
        for (var i = 0; i < Keys.Length; i++)
            await backend.Store.WriteAsync([new StateWrite(Keys[i], i == which ? damaged : Encoding.UTF8.GetBytes(Records[i]))]);
        var records = await RegistryReader.ReadAsync(backend.Store, CancellationToken.None);
        Assert.All(records.SetAside.All, record => Assert.Equal(Keys[which], record.Key));
        await using var world = new World(records: records);
        await world.StateAsync();
        await world.StepAsync(18, 29, 0);
        return records.SetAside.All.Count();
    }
}
