using System.Text.Json;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Tables;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Storage;
using LifecycleManager.Storage.Records;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace LifecycleManager.Manager.Tests.Tables;

/// <summary>Managers with a table beside the state, which itself keeps little.</summary>
public sealed class DecisionHistoryTests : IAsyncLifetime
{
    private const string Policy = """
        policy: search
        app: /search
        instances: { min: 1, max: 1000 }
        metrics:
          tpm: { actuator: gauge.servo.tpm, across: sum }
        rules:
          - rule: too many transactions
            when: tpm > 10 * instances
            then: { add: 1 }
        scaleOut: { stabilization: 0s, limit: [] }
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lcm-history-");
    private FakeMarathon _marathon = null!;
    private StateBackend _backend = null!;
    private readonly FakeMetrics _metrics = new();

    private string File => Path.Combine(_directory.FullName, "decisions.db");

    public async ValueTask InitializeAsync()
    {
        _marathon = await FakeMarathon.StartAsync();
        _backend = await ManagerUnderTest.BackendAsync();
        _marathon.Add("/search", 2);
        await System.IO.File.WriteAllTextAsync(Path.Combine(_directory.FullName, "search.yml"), Policy);
    }

    public async ValueTask DisposeAsync()
    {
        await _backend.DisposeAsync();
        await _marathon.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public Task Sqlite_has_what_the_state_let_go_and_it_is_found_page_by_page_also_by_a_manager_that_stands_by() =>
        FindsWhatTheStateLetGoAsync(new TableOptions($"sqlite:{File}") { AreShared = true });

    [Fact]
    public async Task PostgreSql_has_what_the_state_let_go_and_it_is_found_page_by_page_also_by_a_manager_that_stands_by()
    {
        var given = new NpgsqlConnectionStringBuilder(LifecycleManager.Testing.Server.PostgreSql());
        var schema = $"test_{Guid.NewGuid():N}";
        try
        {
            await FindsWhatTheStateLetGoAsync(new TableOptions(
                $"postgres://{given.Username}@{given.Host}:{given.Port}/{given.Database}?schema={schema}")
            {
                Password = given.Password,
                AreShared = true,
            });
        }
        finally
        {
            await using var admin = NpgsqlDataSource.Create(given);
            await using var drop = admin.CreateCommand($"DROP SCHEMA IF EXISTS {schema} CASCADE");
            await drop.ExecuteNonQueryAsync();
        }
    }

    [Fact]
    public async Task A_table_that_cannot_be_read_leaves_what_the_state_keeps_and_is_told()
    {
        await System.IO.File.WriteAllTextAsync(File, new string('x', 5_000));
        await using var manager = await StartAsync(new TableOptions($"sqlite:{File}"), kept: 100);
        await ScaledAsync(manager, 4);

        var page = await manager.GetAsync("/v1/decisions?outcome=applied");
        Assert.Equal("state", page.GetProperty("source").GetString());
        Assert.Contains("not a usable SQLite database", page.GetProperty("problem").GetString(), StringComparison.Ordinal);
        Assert.Equal(2, page.GetProperty("decisions").GetArrayLength());
        Assert.Equal(503, (int)(await manager.Client.GetAsync("/v1/decisions/20200101T000000000-00000")).StatusCode);
        await Eventually.TrueAsync(async () => (await manager.GetAsync("/health")).GetProperty("problems").EnumerateArray()
            .Any(problem => problem.GetString()!.StartsWith("decisions cannot be copied into their table",
                StringComparison.Ordinal)));

        // It is lost for good, and its place is free: a new one is filled.
        System.IO.File.Delete(File);
        await Eventually.TrueAsync(async () => (await manager.GetAsync("/v1/decisions?outcome=applied")) is var answer
            && answer.GetProperty("source").GetString() == "table"
            && answer.GetProperty("decisions").GetArrayLength() == 2);
    }

    [Fact]
    public async Task Without_a_table_the_state_answers_and_health_says_so()
    {
        await using var manager = await StartAsync(null, kept: 100);
        await ScaledAsync(manager, 3);
        Assert.Equal("state", (await manager.GetAsync("/v1/decisions")).GetProperty("source").GetString());
        Assert.Equal("the state alone, in a bounded number",
            (await manager.GetAsync("/health")).GetProperty("decisions").GetString());
    }

    private async Task FindsWhatTheStateLetGoAsync(TableOptions tables)
    {
        await using var leader = await StartAsync(tables, kept: 3);
        await using var standby = await StartAsync(tables, kept: 3, wait: false);
        await ScaledAsync(leader, 12);

        // One of them reads its own backlog, too; the other sees what has arrived.
        await Eventually.TrueAsync(async () => (await ReadAsync(standby, "outcome=applied&limit=4")).Count == 10);
        Assert.Equal(Enumerable.Range(3, 10).Reverse(),
            (await ReadAsync(leader, "outcome=applied&limit=4")).Select(one => one.GetProperty("to").GetInt32()));
        Assert.Equal(10, (await ReadAsync(leader, "rule=too%20many%20transactions&kind=scaleOut&policy=search&limit=3")).Count);
        Assert.Empty(await ReadAsync(leader, "rule=other"));
        Assert.Empty(await ReadAsync(leader, "outcome=pending"));

        var all = await ReadAsync(standby, "app=/search&kind=scaleOut");
        var oldest = all[^1];
        Assert.Equal(3, oldest.GetProperty("to").GetInt32());
        Assert.True(oldest.GetProperty("seconds").GetDouble() >= 0);
        Assert.NotEqual(JsonValueKind.Undefined, oldest.GetProperty("metrics").GetProperty("tpm").ValueKind);
        var id = oldest.GetProperty("id").GetString();
        foreach (var manager in new[] { leader, standby })
            Assert.Equal(3, (await manager.GetAsync($"/v1/decisions/{id}")).GetProperty("to").GetInt32());
        var since = Uri.EscapeDataString(all[4].GetProperty("at").GetString()!);
        Assert.Equal(5, (await ReadAsync(leader, $"kind=scaleOut&since={since}")).Count);
        Assert.Equal(5, (await ReadAsync(leader, $"kind=scaleOut&until={since}")).Count);
        Assert.Equal("up", (await leader.GetAsync("/health")).GetProperty("status").GetString());
    }

    private static async Task<List<JsonElement>> ReadAsync(ManagerUnderTest manager, string query)
    {
        var (read, before) = (new List<JsonElement>(), "");
        while (true)
        {
            var page = await manager.GetAsync($"/v1/decisions?{query}{before}");
            Assert.Equal("table", page.GetProperty("source").GetString());
            read.AddRange(page.GetProperty("decisions").EnumerateArray());
            if (!page.TryGetProperty("next", out var next)) return read;
            before = $"&before={next.GetString()}";
        }
    }

    private async Task<ManagerUnderTest> StartAsync(TableOptions? tables, int kept, bool wait = true)
    {
        var manager = await ManagerUnderTest.StartAsync(_marathon.Address, _backend, _metrics, _directory.FullName,
            options => options with { Tables = tables, KeptDecisions = kept, KeptDecisionsPerApp = kept });
        if (wait) await manager.LeadsAsync();
        return manager;
    }

    /// <summary>Has the count grow one by one; the state keeps so little that each is waited for.</summary>
    private async Task ScaledAsync(ManagerUnderTest manager, int to)
    {
        for (var count = 3; count <= to; count++)
        {
            _metrics["/search", "gauge.servo.tpm"] = (10 * count) - 1;
            await Eventually.TrueAsync(() => manager.State.Term!.Archive.LastChange("/search")?.To == count
                && (manager.Tables.Filler is null or { Backlog: 0 } or { Problem: not null }));
        }
    }
}
