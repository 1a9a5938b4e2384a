using System.Net;
using System.Net.Sockets;
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

    [Fact]
    public async Task The_authority_and_the_name_are_checked_and_told_apart()
    {
        using var files = new SourceFiles("");
        using var authority = new CertificateAuthority("the shop's");
        using var stranger = new CertificateAuthority("a stranger's");
        authority.AuthorityFile(files.Directory);
        files.Secret("stranger.pem", stranger.Certificate.ExportCertificatePem());
        await using var postgres = await new PostgresProcess
        {
            Tls = authority.Files(files.Directory, "server", "postgres", server: true),
        }.CreateAsync();
        await postgres.StartAsync();
        using var questions = new Questions(Questions.Options(files.Path));
        // That the connection is encrypted is the server's own word.
        var encrypted = Sql("select count(*) from pg_stat_ssl where pid = pg_backend_pid() and ssl");
        async Task Is(string query, string settings, string? problem, double value = 1)
        {
            var url = $"postgres://127.0.0.1:{postgres.Port}/postgres{query}";
            files.Write($"postgres: {{ a: {{ url: '{url}', user: postgres{settings} }} }}");
            var read = await questions.AskAsync(encrypted);
            if (problem is null) Assert.True(read == (value, null), $"{query} {settings}: {read}");
            else Assert.True(read.Problem!.Contains(problem, StringComparison.Ordinal), $"{query} {settings}: {read}");
        }

        const string Untrusted = "signed by an unknown authority, CN=the shop's: name it by 'caFile'";
        await Is("", ", caFile: authority.pem", null);
        await Is("?sslmode=verify-full", ", caFile: authority.pem", null);
        await Is("?sslmode=verify-ca", ", caFile: authority.pem, serverName: localhost", null);
        await Is("?sslmode=require", "", null);
        await Is("", ", insecureSkipVerify: true", null);
        await Is("", ", insecureSkipVerify: true, caFile: stranger.pem", null);
        await Is("?sslmode=disable", "", null, 0);
        await Is("", ", caFile: stranger.pem", Untrusted);
        await Is("?sslmode=require", ", caFile: authority.pem, serverName: other", null);
        await Is("?sslmode=require", ", caFile: stranger.pem", Untrusted);
        await Is("?sslmode=verify-full", "", Untrusted);
        await Is("", ", caFile: authority.pem, serverName: other",
            "for another name, localhost, 127.0.0.1: say which by 'serverName'");
    }

    [Fact]
    public async Task A_server_without_TLS_that_is_to_have_it_is_told_with_the_remedy()
    {
        // To the question for TLS the protocol's answer is one byte.
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
                await client.GetStream().ReadExactlyAsync(new byte[8]);
                await client.GetStream().WriteAsync("N"u8.ToArray());
            }
        });
        using var files = new SourceFiles(
            $"postgres: {{ a: {{ url: 'postgres://{listener.LocalEndpoint}/x?sslmode=require', user: x }} }}");
        using var questions = new Questions(Questions.Options(files.Path));
        var told = (await questions.AskAsync(Sql("select 1"))).Problem!;
        Assert.Contains("No SSL enabled connection", told, StringComparison.Ordinal);
        Assert.EndsWith("(sslmode=disable goes without TLS)", told, StringComparison.Ordinal);
        listener.Stop();
        await Assert.ThrowsAnyAsync<Exception>(() => serving);
    }
}
