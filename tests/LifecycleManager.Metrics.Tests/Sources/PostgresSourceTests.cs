using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Testing;
using Npgsql;

namespace LifecycleManager.Metrics.Tests.Sources;

/// <summary>A real PostgreSQL server.</summary>
public sealed class PostgresSourceTests
{
    private static MetricQuery Sql(string sql) => new() { Source = MetricSource.Postgres, Selector = sql };

    [Fact]
    public async Task A_query_of_one_number_is_read_and_nothing_is_changed()
    {
        var address = new NpgsqlConnectionStringBuilder(Server.PostgreSql());
        await using var database = NpgsqlDataSource.Create(address.ConnectionString);
        var table = $"jobs_{Guid.NewGuid():N}";
        await using (var make = database.CreateCommand($"""
            create table {table} (app text, state text);
            insert into {table} values ('/shop/web', 'new'), ('/shop/web', 'new'), ('/shop/api', 'new'), ('it''s \', 'new');
            """))
        {
            await make.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        using var files = new SourceFiles($$"""
            postgres:
              orders:
                url: postgres://{{address.Host}}:{{address.Port}}/{{address.Database}}?sslmode=disable
                user: {{address.Username}}
                passwordFile: password
                timeout: 700ms
            """);
        files.Secret("password", address.Password ?? "none");
        using var questions = new Questions(Questions.Options(files.Path));
        async Task Is(string sql, double value) => Assert.Equal((value, null), await questions.AskAsync(Sql(sql)));
        async Task Fails(string sql, string problem) =>
            Assert.Contains(problem, (await questions.AskAsync(Sql(sql))).Problem, StringComparison.Ordinal);
        await Is($"select count(*) from {table} where app = $app and state = 'new'", 2);
        var labels = new Dictionary<string, string> { ["who"] = "it's \\" };
        Assert.Equal((1, null), await questions.AskAsync(
            Sql($"select count(*)::int from {table} where app = ${{label:who}}"), labels));
        await Is("select 1.5::numeric", 1.5);
        await Is("select interval '90 seconds'", 90);
        await Is("select null::int", double.NaN);
        Assert.True(Sql("x").NaNIsIdle);

        await Fails($"select 1 from {table} where false", "the query has no row");
        await Fails($"select 1 from {table}", "the query has several rows");
        await Fails("select 1, 2", "the query has 2 columns");
        await Fails("select 'x'", "the query answers a String, not a number: cast it, ::float8");
        await Fails("select nothing", "42703: column \"nothing\" does not exist at character 8");
        await Fails($"delete from {table} returning 1",
            "25006: cannot execute DELETE in a read-only transaction; a metric only reads");
        await Fails($"select 1; delete from {table}", "down: ");
        await Fails($"commit; delete from {table}", "down: ");
        await Fails("set transaction read write", "the query answers no rows: a SELECT of one number is needed");
        await Fails("select pg_sleep(5)::text::int", "down: ");
        await Is($"select count(*) from {table}", 4);

        await using var end = database.CreateCommand($"drop table {table}");
        await end.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
