using LifecycleManager.Storage.Records;
using LifecycleManager.Storage.Tests.Contract;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Storage.Tests.Records;

/// <summary>What tables of records promise, whatever the database.</summary>
public abstract class RecordContract : IAsyncLifetime
{
    internal static readonly RecordSchema Things = new("thing", ["app", "policy", "rule", "kind", "outcome"])
    {
        Facets = [new Facet("kind", ["in", "out"]), new Facet("outcome", ["done", "failed", "held"])],
        Indexes = [["app"], ["policy", "rule"], ["policy"], ["rule"]],
    };

    internal static readonly RecordSchema Plain = new("plain", ["who"]) { Indexes = [["who"]] };

    private readonly List<RecordDatabase> _opened = [];

    internal static readonly DateTimeOffset Start = new(2026, 11, 24, 19, 0, 0, TimeSpan.Zero);

    private protected abstract TestState State { get; }

    private protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var database in _opened) await database.DisposeAsync();
        await State.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Every_question_is_answered_page_by_page_as_a_list_would_answer_it()
    {
        var table = Open().Table(Things);
        var random = new Random(7);
        string? Any(params string?[] of) => of[random.Next(of.Length)];
        var all = Enumerable.Range(0, 400).Select(i => Record(
            $"{i:D4}", Start.AddMicroseconds(random.Next(60)), 1, Any("/a", "/b", "/c"), Any("p", "q"), Any("r", "s", null),
            Any("in", "out"), Any("done", "failed", "held"))).ToList();
        await table.WriteAsync(all, Cancellation);
        for (var question = 0; question < 150; question++)
        {
            var equal = Things.Columns.Where(_ => random.Next(3) == 0).ToDictionary(column => column, column => column switch
            {
                "app" => Any("/a", "/b", "/none")!,
                "policy" => Any("p", "q")!,
                "rule" => Any("r", "s")!,
                "kind" => Any("in", "out")!,
                _ => Any("done", "failed", "held")!,
            });
            var query = new RecordQuery
            {
                Equal = equal,
                Since = random.Next(2) == 0 ? Start.AddMicroseconds(random.Next(60)) : null,
                Until = random.Next(2) == 0 ? Start.AddMicroseconds(random.Next(60)) : null,
                Limit = 1 + random.Next(40),
            };
            var columns = Things.Columns.ToList();
            var wanted = all.Where(record => equal.All(pair => record.Values[columns.IndexOf(pair.Key)] == pair.Value))
                .Where(record => !(record.At < query.Since) && !(record.At >= query.Until))
                .OrderByDescending(record => record.At).ThenByDescending(record => record.Id, StringComparer.Ordinal)
                .Select(record => (record.Id, record.At, record.Body)).ToList();
            var read = new List<(string, DateTimeOffset, string)>();
            while (true)
            {
                var page = await table.QueryAsync(query, Cancellation);
                read.AddRange(page.Select(found => (found.Id, found.At, found.Body)));
                if (page.Count < query.Limit) break;
                query = query with { Before = (page[^1].At, page[^1].Id) };
            }

            Assert.Equal(wanted, read);
        }
    }

    [Fact]
    public async Task What_a_later_term_wrote_stays_and_a_record_is_there_once()
    {
        var (one, other) = (Open().Table(Things), Open().Table(Things));
        await one.WriteAsync([Record("1", Start, term: 1, body: "{\"n\":1}")], Cancellation);
        await other.WriteAsync([Record("1", Start, term: 2, body: "{\"n\":2}")], Cancellation);
        await one.WriteAsync([Record("1", Start, term: 1, body: "{\"n\":3}"), Record("2", Start, term: 1)], Cancellation);
        await other.WriteAsync([Record("1", Start, term: 2, body: "{\"n\":4}")], Cancellation);
        Assert.Equal("{\"n\":4}", (await one.FindAsync("1", Cancellation))!.Body);
        Assert.Null(await one.FindAsync("3", Cancellation));
        Assert.Equal(2, (await one.VolumeAsync(Cancellation)).Records);
        Assert.Equal(["2"], (await one.ChangesAsync(["2", "3"], Cancellation)).Keys);
        Assert.Equal(Start, (await one.ChangesAsync(["1"], Cancellation))["1"]);
        Assert.Empty(await one.ChangesAsync([], Cancellation));
    }

    [Fact]
    public async Task The_oldest_go_by_age_and_by_bytes_a_few_at_a_time()
    {
        var table = Open().Table(Things);
        await table.WriteAsync(
            [.. Enumerable.Range(0, 10).Select(i => Record($"{i}", Start.AddHours(i), 1, body: new string(' ', 1000)))],
            Cancellation);
        var all = await table.VolumeAsync(Cancellation);
        Assert.Equal(new RecordVolume(2, all.Bytes / 5), await table.DeleteOldestAsync(Start.AddHours(5), 0, 2, Cancellation));
        Assert.Equal(3, (await table.DeleteOldestAsync(Start.AddHours(5), 0, 100, Cancellation)).Records);
        Assert.Equal(0, (await table.DeleteOldestAsync(Start.AddHours(5), 0, 100, Cancellation)).Records);
        Assert.Equal(1, (await table.DeleteOldestAsync(Start, 1, 100, Cancellation)).Records);
        Assert.Equal(new RecordVolume(4, all.Bytes * 4 / 10), await table.VolumeAsync(Cancellation));
        Assert.Equal("6", (await table.QueryAsync(new RecordQuery(), Cancellation))[^1].Id);
    }

    [Fact]
    public async Task Tables_of_one_database_are_apart_and_one_without_facets_is_read_by_age()
    {
        var database = Open();
        await database.Table(Plain).WriteAsync(
            [.. Enumerable.Range(0, 3).Select(i => new TableRecord($"{i}", Start.AddSeconds(i), Start, 1, ["ann"], "{}"))],
            Cancellation);
        Assert.Empty(await database.Table(Things).QueryAsync(new RecordQuery(), Cancellation));
        Assert.Equal(["2", "1", "0"], Ids(await database.Table(Plain).QueryAsync(new RecordQuery(), Cancellation)));
        Assert.Equal(["2"], Ids(await database.Table(Plain).QueryAsync(
            new RecordQuery { Equal = new Dictionary<string, string> { ["who"] = "ann" }, Limit = 1 }, Cancellation)));
    }

    private protected RecordDatabase Open() => Open(State.Address);

    private protected RecordDatabase Open(string address)
    {
        var database = RecordDatabase.At(
            address, State.Password, [Things, Plain], TimeProvider.System, NullLoggerFactory.Instance);
        _opened.Add(database);
        return database;
    }

    private protected static IEnumerable<string> Ids(IEnumerable<FoundRecord> records) => records.Select(record => record.Id);

    private protected static TableRecord Record(
        string id, DateTimeOffset at, long term, string? app = "/a", string? policy = "p", string? rule = null,
        string? kind = "in", string? outcome = "done", string body = "{}") =>
        new(id, at, at, term, [app, policy, rule, kind, outcome], body);
}
