using System.Diagnostics;
using System.Globalization;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Tables;
using LifecycleManager.Storage;
using LifecycleManager.Storage.Records;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace LifecycleManager.Benchmarks.Recording;

/// <summary>
/// The table of decisions with a million of them, in SQLite and in PostgreSQL (<c>LCM_TEST_POSTGRES</c>): how fast it is filled,
/// and how long each question to it takes. The promise: a page of 100 in less than 200 ms, whatever is asked and however far
/// back.
/// </summary>
internal static class DecisionLogBenchmark
{
    private const int Apps = 2_000;
    private const int Policies = 200;
    private const int Rules = 20;
    private const int Repeats = 20;
    private static readonly DateTimeOffset Begin = new(2026, 9, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(7);

    /// <summary>Runs it.</summary>
    /// <param name="output">Gets what is measured.</param>
    /// <param name="records">How many records.</param>
    /// <param name="database"><c>sqlite</c> or <c>postgres</c>.</param>
    public static async Task RunAsync(TextWriter output, int records, string database)
    {
        var (address, password, drop) = Place(database);
        try
        {
            await using var room = RecordDatabase.At(
                address, password, [DecisionTable.Schema], TimeProvider.System, NullLoggerFactory.Instance);
            var table = room.Table(DecisionTable.Schema);
            var began = Stopwatch.StartNew();
            foreach (var batch in Enumerable.Range(0, records).Chunk(2_000))
                await table.WriteAsync([.. batch.Select(i => DecisionTable.Row(Record(i), 1))], default);
            output.WriteLine($"{database}: {records} decisions, {records / began.Elapsed.TotalSeconds:0} a second");
            var volume = await table.VolumeAsync(default);
            began.Restart();
            volume = await table.VolumeAsync(default);
            output.WriteLine(
                $"{database}: reckoned {volume.Bytes / 1e6:0} MB, counted in {began.Elapsed.TotalMilliseconds:0} ms; "
                + $"{await SizeAsync(address)}");
            began.Restart();
            for (var i = 0; i < 10; i++) await table.DeleteOldestAsync(Begin, 1_000_000_000, TableRetention.Step, default);
            output.WriteLine($"{database}: a step of pruning {began.Elapsed.TotalMilliseconds / 10:0} ms");
            var slowest = 0.0;
            foreach (var (name, query) in Questions(records))
            {
                var times = new List<double>();
                var found = 0;
                for (var i = 0; i < Repeats; i++)
                {
                    began.Restart();
                    found = (await table.QueryAsync(query, default)).Count;
                    times.Add(began.Elapsed.TotalMilliseconds);
                }

                slowest = Math.Max(slowest, times.Max());
                output.WriteLine($"{database}: {name,-48} {found,4} found, first {times[0],6:0.0} ms, median "
                    + $"{times.Order().ElementAt(Repeats / 2),6:0.0} ms, longest {times.Max(),6:0.0} ms");
            }

            var verdict = slowest < 200 ? "as promised" : "NOT AS PROMISED";
            output.WriteLine($"{database}: the slowest took {slowest:0} ms: {verdict}");
        }
        finally
        {
            await drop();
        }
    }

    private static IEnumerable<(string, RecordQuery)> Questions(int records)
    {
        var middle = (Begin + (Between * (records / 2)), Id(records / 2));
        var (old, older) = (Begin + (Between * (records / 10)), Begin + (Between * (records / 11)));
        yield return ("newest", Ask());
        yield return ("in the middle", Ask() with { Before = middle });
        yield return ("before an old instant", Ask() with { Until = old });
        yield return ("an app", Ask(("app", "/app-7")));
        yield return ("an app, in the middle", Ask(("app", "/app-7")) with { Before = middle });
        yield return ("an app in an old range", Ask(("app", "/app-7")) with { Since = older, Until = old });
        yield return ("an app that failed", Ask(("app", "/app-7"), ("outcome", "failed")));
        yield return ("a policy", Ask(("policy", "policy-3")));
        yield return ("a policy in an old range", Ask(("policy", "policy-3")) with { Since = older, Until = old });
        yield return ("a policy's failed ones", Ask(("policy", "policy-3"), ("outcome", "failed")));
        yield return ("a policy's rule", Ask(("policy", "policy-3"), ("rule", "rule-3")));
        yield return ("a rule", Ask(("rule", "rule-3")));
        yield return ("a rule's scale-ins in an old range, in the middle",
            Ask(("rule", "rule-3"), ("kind", "scaleIn")) with { Since = older, Before = middle });
        yield return ("interrupted", Ask(("outcome", "interrupted")));
        yield return ("holds in the middle", Ask(("kind", "hold")) with { Before = middle });
        yield return ("what there is not: a hold that was applied", Ask(("kind", "hold"), ("outcome", "applied")));
        yield return ("what there is not: another policy's app", Ask(("app", "/app-7"), ("policy", "policy-1")));
        yield return ("a page of 1000 of a policy", Ask(("policy", "policy-3")) with { Limit = 1_000 });

        static RecordQuery Ask(params (string Column, string Value)[] equal) =>
            new() { Equal = equal.ToDictionary(pair => pair.Column, pair => pair.Value), Limit = 101 };
    }

    private static string Id(int i) =>
        (Begin + (Between * i)).UtcDateTime.ToString("yyyyMMdd'T'HHmmssfff", CultureInfo.InvariantCulture) + "-00000";

    private static DecisionRecord Record(int i)
    {
        var (app, at) = (i * 7919L % Apps, Begin + (Between * i));
        var isHold = i % 2 == 0;
        return new DecisionRecord
        {
            Id = Id(i),
            At = at,
            App = $"/app-{app}",
            Policy = $"policy-{app % Policies}",
            Rule = isHold && i % 3 == 0 ? null : $"rule-{app % Rules}",
            From = 3,
            To = isHold ? 3 : i % 4 == 1 ? 4 : 2,
            Kind = isHold ? DecisionKind.Hold : i % 4 == 1 ? DecisionKind.ScaleOut : DecisionKind.ScaleIn,
            Reason = "tpm 31.7 > 10 * instances 30 for 30s",
            Metrics = new Dictionary<string, double?> { ["tpm"] = 31.7 + i, ["cpu"] = 0.31, ["rps"] = 112.5 },
            Recommendations = [],
            Evidence = [.. Enumerable.Range(0, 3).Select(n => new MetricEvidence(
                $"metric-{n}", 31.7, null, at, 3, 3,
                [.. Enumerable.Range(0, 3).Select(m => new InstanceSample($"app-{app}.instance-{m}", 10.5, true, null))]))],
            Outcome = isHold ? DecisionOutcome.Held : i % 10_007 == 1 ? DecisionOutcome.Interrupted
                : i % 501 == 0 ? DecisionOutcome.Failed : DecisionOutcome.Applied,
            OutcomeAt = isHold ? null : at.AddSeconds(1),
            Attempts = isHold ? 0 : 1,
        };
    }

    private static async Task<string> SizeAsync(string address)
    {
        if (address.StartsWith("sqlite:", StringComparison.Ordinal))
            return $"the file has {new FileInfo(address["sqlite:".Length..]).Length / 1e6:0} MB";
        await using var admin = NpgsqlDataSource.Create(Environment.GetEnvironmentVariable("LCM_TEST_POSTGRES")!);
        await using var size = admin.CreateCommand("SELECT pg_total_relation_size('benchmark.decision')");
        return $"the table has {(long)(await size.ExecuteScalarAsync())! / 1e6:0} MB";
    }

    private static (string Address, string? Password, Func<Task> Drop) Place(string database)
    {
        if (database == "sqlite")
        {
            var directory = Directory.CreateTempSubdirectory("lcm-decisionlog-");
            return ($"sqlite:{Path.Combine(directory.FullName, "decisions.db")}", null, () =>
            {
                directory.Delete(recursive: true);
                return Task.CompletedTask;
            }
            );
        }

        var given = new NpgsqlConnectionStringBuilder(Environment.GetEnvironmentVariable("LCM_TEST_POSTGRES")
            ?? throw new InvalidOperationException("LCM_TEST_POSTGRES has no connection string"));
        return ($"postgres://{given.Username}@{given.Host}:{given.Port}/{given.Database}?schema=benchmark", given.Password,
            async () =>
            {
                await using var admin = NpgsqlDataSource.Create(given);
                await using var drop = admin.CreateCommand("DROP SCHEMA IF EXISTS benchmark CASCADE");
                await drop.ExecuteNonQueryAsync();
            }
        );
    }
}
