using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using LifecycleManager.Manager.Tests.Fakes;
using LifecycleManager.Scaling.Safety;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace LifecycleManager.Manager.Tests.Scheduling;

/// <summary>
/// Three managers on one state, of which the leader is cut off from it at random moments, in the middle of whatever it writes:
/// each fire time has its effect once. So many fire times as <c>LCM_SCHEDULE_FIRES</c> says, 60 by default.
/// </summary>
public sealed class ScheduleFailoverTests
{
    private const int Seed = 20261130;
    private static readonly int Fires = int.Parse(
        Environment.GetEnvironmentVariable("LCM_SCHEDULE_FIRES") ?? "60", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Each_fire_time_has_its_effect_once_on_PostgreSQL()
    {
        var given = new NpgsqlConnectionStringBuilder(Server.PostgreSql());
        var schema = $"test_{Guid.NewGuid():N}";
        try
        {
            await RunAsync($"postgres://{given.Username}@{given.Host}:{given.Port}/{given.Database}?schema={schema}&lease=3s",
                given.Password);
        }
        finally
        {
            await using var source = NpgsqlDataSource.Create(given.ConnectionString);
            await using var drop = source.CreateCommand($"DROP SCHEMA IF EXISTS {schema} CASCADE");
            await drop.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    [Fact]
    public Task Each_fire_time_has_its_effect_once_on_ZooKeeper() =>
        RunAsync($"zk://{Server.ZooKeeper()}/test-{Guid.NewGuid():N}?session=4s", null);

    private static async Task RunAsync(string state, string? password)
    {
        var random = new Random(Seed);
        var rules = Directory.CreateTempSubdirectory("lcm-rules-").FullName;
        await using var marathon = await FakeMarathon.StartAsync();
        for (var i = 0; i < Fires; i++) marathon.Add($"/batch-{i:D4}", 1);
        var managers = new List<Member>();
        try
        {
            for (var i = 0; i < 3; i++) managers.Add(await Member.StartAsync(marathon, state, password, rules));
            var begin = DateTimeOffset.UtcNow.AddSeconds(6);
            for (var i = 0; i < Fires; i++)
            {
                var at = begin.AddMilliseconds(150 * i).UtcDateTime.ToString(
                    "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
                await PostAsync(managers, $"{{ name: job-{i:D4}, app: /batch-{i:D4}, once: '{at}', instances: 7 }}");
            }

            // The leader goes, again and again, as a process that is killed: what it has not written by then is never written.
            var kills = 0;
            while (DateTimeOffset.UtcNow < begin.AddMilliseconds(150 * Fires) || kills < 4)
            {
                await Task.Delay(random.Next(300, 1_500));
                var leader = managers.FindIndex(manager => manager.Manager.State.Term is not null);
                if (leader < 0) continue;
                await managers[leader].KillAsync();
                managers[leader] = await Member.StartAsync(marathon, state, password, rules);
                kills++;
            }

            await Eventually.TrueAsync(
                async () => (await JobsAsync(managers)).Count(job => job.TryGetProperty("last", out _)) == Fires,
                limit: TimeSpan.FromSeconds(60));
            foreach (var job in await JobsAsync(managers))
            {
                var name = job.GetProperty("name").GetString()!;
                var history = await GetAsync(managers, $"/v1/schedules/{name}/history");
                var fires = history.GetProperty("fires").EnumerateArray().ToList();
                Assert.Equal("done", Assert.Single(fires).GetProperty("state").GetString());
                Assert.Equal(7, marathon[name.Replace("job", "/batch", StringComparison.Ordinal)].Instances);
            }

            // What has fired does not do so again, whoever leads.
            for (var i = 0; i < Fires; i++) marathon[$"/batch-{i:D4}"].Instances = 2;
            var last = managers.FindIndex(manager => manager.Manager.State.Term is not null);
            await managers[last].KillAsync();
            managers.RemoveAt(last);
            await Eventually.TrueAsync(() => managers.Exists(manager => manager.Manager.State.Snapshot is
            { Leading: true, LastTick.Outcome: Manager.Status.TickOutcome.Ok }));
            for (var i = 0; i < Fires; i++) Assert.Equal(2, marathon[$"/batch-{i:D4}"].Instances);
        }
        finally
        {
            foreach (var manager in managers) await manager.KillAsync();
            Directory.Delete(rules, recursive: true);
        }
    }

    private static async Task PostAsync(List<Member> managers, string schedule) => await Eventually.TrueAsync(async () =>
    {
        var leader = managers.Find(manager => manager.Manager.State.Term is not null);
        return leader is not null && (await leader.Manager.PostAsync("/v1/schedules?replace=true", schedule)).IsSuccessStatusCode;
    });

    private static async Task<List<JsonElement>> JobsAsync(List<Member> managers) =>
        [.. (await GetAsync(managers, "/v1/schedules")).GetProperty("jobs").EnumerateArray()];

    private static async Task<JsonElement> GetAsync(List<Member> managers, string path)
    {
        var answer = default(JsonElement);
        await Eventually.TrueAsync(async () =>
        {
            if (managers.Find(manager => manager.Manager.State.Term is not null) is not { } leader) return false;
            using var got = await leader.Manager.Client.GetAsync(path);
            if (!got.IsSuccessStatusCode) return false;
            answer = await got.Content.ReadFromJsonAsync<JsonElement>();
            return true;
        });
        return answer;
    }

    private sealed record Member(ManagerUnderTest Manager, StateBackend Backend, FaultyStore Store)
    {
        public static async Task<Member> StartAsync(FakeMarathon marathon, string state, string? password, string rules)
        {
            var backend = await StateBackend.OpenAsync(
                state, password, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None);
            var store = new FaultyStore(backend.Store);
            var manager = await ManagerUnderTest.StartAsync(
                marathon.Address, backend, new FakeMetrics(), rules,
                options => options with
                {
                    FirstRetryDelay = TimeSpan.FromMilliseconds(100),
                    Safety = new SafetyOptions { ChangesPerMinute = 100_000, MissingShare = 100 },
                },
                store);
            return new Member(manager, backend, store);
        }

        public async Task KillAsync()
        {
            Store.Failure = new StateUnavailableException("killed");
            await Manager.DisposeAsync();
            await Backend.DisposeAsync();
        }
    }
}
