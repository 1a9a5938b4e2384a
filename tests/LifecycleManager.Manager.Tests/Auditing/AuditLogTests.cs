using System.Text.Json;
using LifecycleManager.Manager.Auditing;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Security;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Manager.Tests.Auditing;

public sealed class AuditLogTests : IAsyncLifetime
{
    private const string App = "/brownfield/search";
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 19, 0, 0, TimeSpan.Zero));
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lcm-audit-");
    private StateBackend _backend = null!;
    private FaultyStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _backend = await ManagerUnderTest.BackendAsync();
        _store = new FaultyStore(_backend.Store);
    }

    public async ValueTask DisposeAsync()
    {
        await _backend.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public async Task Who_did_what_from_where_and_what_was_before_and_after_is_kept_by_table_and_state_and_read_by_all()
    {
        await using var marathon = await FakeMarathon.StartAsync();
        marathon.Add(App, 2);
        await File.WriteAllTextAsync(Path.Combine(_directory.FullName, "search.yml"), TermUnderTest.Search);
        Task<ManagerUnderTest> StartAsync(bool withTable) => ManagerUnderTest.StartAsync(
            marathon.Address, _backend, new FakeMetrics(), _directory.FullName, options => options with
            {
                Tables = withTable ? new TableOptions($"sqlite:{Path.Combine(_directory.FullName, "a.db")}") { AreShared = true }
                    : null,
                Principals = Principals.Parse("""{"credentials":[{"principal":"ann","secret":"wonder"}]}"""),
            });
        await using var leader = await StartAsync(withTable: true);
        await leader.LeadsAsync();
        leader.Client.DefaultRequestHeaders.Authorization = Ann;
        await Eventually.TrueAsync(() => leader.State.Snapshot.Apps.ContainsKey(App));
        await PostAsync($"/v1/apps{App}/override", """{"instances":4,"until":"2h","reason":"a sale"}""");
        await PostAsync($"/v1/apps{App}/override", """{"instances":5,"until":"2h"}""");
        Assert.True((await leader.Client.DeleteAsync($"/v1/apps{App}/override")).IsSuccessStatusCode);
        await PostAsync("/v1/pause", $$"""{"app":"{{App}}","what":"scaleIn"}""");
        await PostAsync("/v1/resume", $$"""{"app":"{{App}}"}""");
        await PostAsync("/v1/stop", """{"reason":"an incident"}""");
        await PostAsync("/v1/stop", "{}");
        await PostAsync("/v1/start", """{"reason":"it is over"}""");

        await using var standby = await StartAsync(withTable: false);
        standby.Client.DefaultRequestHeaders.Authorization = Ann;
        foreach (var (manager, source) in new[] { (leader, "table"), (standby, "state") })
        {
            var page = await manager.GetAsync("/v1/audit");
            Assert.Equal(source, page.GetProperty("source").GetString());
            var entries = page.GetProperty("entries").EnumerateArray().ToList();
            Assert.Equal(["start", "stop", "resume", "pause", "override lifted", "override", "override"],
                entries.Select(entry => entry.GetProperty("what").GetString()));
            Assert.All(entries, entry => Assert.Equal(("ann", "127.0.0.1"),
                (entry.GetProperty("who").GetString(), entry.GetProperty("from").GetString())));
            Assert.Equal("it is over", entries[0].GetProperty("reason").GetString());
            Assert.Equal("an incident", entries[0].GetProperty("before").GetProperty("reason").GetString());
            Assert.False(entries[0].TryGetProperty("after", out _));
            Assert.Equal((4, 5), (entries[5].GetProperty("before").GetProperty("instances").GetInt32(),
                entries[5].GetProperty("after").GetProperty("instances").GetInt32()));
            Assert.Equal(App, entries[6].GetProperty("subject").GetString());
        }

        Assert.Equal(2, await CountAsync("what=override"));
        Assert.Equal(5, await CountAsync($"subject={App}&who=ann"));
        Assert.Equal(0, await CountAsync("who=bob"));
        Assert.Equal(0, await CountAsync("to=2020-01-01T00:00:00Z"));
        var first = await leader.GetAsync("/v1/audit?limit=4");
        Assert.Equal(3, await CountAsync($"before={first.GetProperty("next").GetString()}"));

        async Task<int> CountAsync(string query) =>
            (await leader.GetAsync($"/v1/audit?{query}")).GetProperty("entries").GetArrayLength();

        async Task PostAsync(string path, string body) =>
            Assert.True((await leader.PostAsync(path, body)).IsSuccessStatusCode, path);
    }

    [Fact]
    public async Task The_newest_are_kept_and_ids_grow_also_over_a_restart()
    {
        var log = await LoadAsync();
        for (var i = 0; i < AuditLog.MaxEntries + 5; i++) await log.AddAsync(Entry($"{i}"), new Fence("manager", 1));
        _time.AdjustTime(_time.GetUtcNow() - TimeSpan.FromHours(1));
        var again = await LoadAsync();
        Assert.Equal(AuditLog.MaxEntries, again.Entries.Count);
        Assert.Equal("5", again.Entries[0].Subject);
        await again.AddAsync(Entry("new"), new Fence("manager", 1));
        Assert.True(string.CompareOrdinal(again.Entries[^1].Id, again.Entries[^2].Id) > 0);
    }

    [Fact]
    public async Task What_the_store_does_not_take_goes_with_the_next()
    {
        var log = await LoadAsync();
        var added = new List<string>();
        log.Added += added.Add;
        _store.Failure = new StateUnavailableException("it is away");
        await log.AddAsync(Entry("a"), new Fence("manager", 1));
        Assert.Empty(await AuditLog.ReadAsync(_store, default));
        _store.Failure = null;
        await log.AddAsync(Entry("b"), new Fence("manager", 1));
        Assert.Equal(["a", "b"], (await AuditLog.ReadAsync(_store, default)).Select(entry => entry.Subject));
        Assert.Equal(added, log.Entries.Select(entry => entry.Id));
    }

    [Fact]
    public async Task A_record_that_cannot_be_read_stands_in_nobodys_way()
    {
        await _store.WriteAsync([new StateWrite("manager/audit", "{ nonsense"u8.ToArray())]);
        Assert.Empty((await LoadAsync()).Entries);
        Assert.Empty(await AuditLog.ReadAsync(_store, default));
    }

    private static System.Net.Http.Headers.AuthenticationHeaderValue Ann =>
        new("Basic", Convert.ToBase64String("ann:wonder"u8));

    private static AuditEntry Entry(string subject) => new() { Id = "", At = default, What = "pause", Subject = subject };

    private async Task<AuditLog> LoadAsync()
    {
        var log = new AuditLog(_store, _time, NullLogger<AuditLog>.Instance);
        await log.LoadAsync(default);
        return log;
    }
}
