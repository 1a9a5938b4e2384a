using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Sources.Servers;

namespace LifecycleManager.Metrics.Tests.Sources.Servers;

public sealed class SourcesReaderTests
{
    private const string Good = """
        # Who is asked.
        prometheus:
          mimir:
            url: https://mimir:8443/prometheus?dedup=true
            headers: { X-Scope-OrgID: shop }
            headerFiles: { X-Api-Key: secrets/key }
            tokenFile: env:TOKEN
            caFile: ca.pem
            certificateFile: c.pem
            keyFile: c.key
            serverName: mimir.internal
            method: post
            timeout: 2s
            concurrency: 4
          local: { url: http://localhost:9090, user: lcm, passwordFile: /run/p }
        rabbitmq: { shop: { url: 'http://rabbit:15672' } }
        redis: { jobs: { url: rediss://redis:6380/2, user: lcm, passwordFile: p, insecureSkipVerify: true } }
        postgres: { orders: { url: 'postgres://db:5432/orders?sslmode=verify-full', user: lcm } }
        json: { stats: { url: 'http://stats:8080/base?key=1' } }
        kafka:
          events:
            bootstrapServers: broker-1:9092, broker-2:9093
            tls: true
            caFile: ca.pem
            sasl: SCRAM-SHA-512
            user: lcm
            passwordFile: p
        x-notes: [ free ]
        """;

    [Fact]
    public void A_file_names_servers_of_all_kinds()
    {
        var (servers, problems) = SourcesReader.Read("/etc/lcm/sources.yml", Good);
        Assert.Empty(problems);
        Assert.Equal(
            ["PromQl mimir", "PromQl local", "RabbitMq shop", "Redis jobs", "Postgres orders", "Json stats", "Kafka events"],
            servers.Select(server => $"{server.Source} {server.Name}"));
        var mimir = servers[0];
        Assert.Equal((true, TimeSpan.FromSeconds(2), 4, "mimir.internal"),
            (mimir.Post, mimir.Timeout!.Value, mimir.Concurrency, mimir.TlsName));
        Assert.Equal("https://mimir:8443/prometheus", mimir.Address);
        Assert.Equal("https://mimir:8443/prometheus/api/v1/query?query=x&dedup=true",
            mimir.At("/api/v1/query?query=x").ToString());
        Assert.Equal("http://stats:8080/base/queue?key=1", servers[5].At("/queue").ToString());
        Assert.Equal(("kafka://broker-1:9092,broker-2:9093", true, "SCRAM-SHA-512"),
            (servers[6].Address, servers[6].Tls, servers[6].SaslMechanism));
        Assert.Equal(["PromQl", "PromQl", "RabbitMq", "Redis", "Postgres", "Json", "Kafka"],
            SourceWords.Kinds.SelectMany(kind => servers.Where(server => server.Source == kind.Source))
                .Select(server => server.Source.ToString()));
    }

    [Theory]
    [InlineData("prometeus: {}", "1:1: error: there is no kind 'prometeus' of servers (did you mean 'prometheus'?)")]
    [InlineData("redis: [ a ]", "1:8: error: 'redis' must be a mapping of names (redis: { main: { url: ... } })")]
    [InlineData("redis: { a: {} }", "1:13: error: the redis server 'a' needs 'url' (url: redis://redis:6379/0)")]
    [InlineData("redis:\n  a: { urll: x }", "2:8: error: a redis server has no key 'urll' (did you mean 'url'?)")]
    [InlineData("redis: { a: { url: http://x } }",
        "1:20: error: 'url' must be an address that begins with redis:// or rediss:// (url: redis://redis:6379/0)")]
    [InlineData("redis: { a: { url: redis://x/y } }", "1:20: error: 'y' is not the number of a database")]
    [InlineData("redis: { a: { url: 'redis://me:hunter2@x' } }",
        "1:20: error: an address must not hold credentials: give 'user' and 'passwordFile'")]
    [InlineData("redis: { a b: { url: redis://x } }", "1:10: error: 'a b' is not a name of a server")]
    [InlineData("postgres: { a: { url: postgres://x } }", "1:23: error: the address names no database")]
    [InlineData("postgres: { a: { url: 'postgres://x/y?ssl=1' } }", "1:23: error: the one parameter is sslmode")]
    [InlineData("postgres: { a: { url: 'postgres://x/y?sslmode=verify-ca', insecureSkipVerify: true } }",
        "1:23: error: 'insecureSkipVerify' takes what sslmode=verify-... refuses: leave one out")]
    [InlineData("postgres: { a: { url: 'postgres://x/y?sslmode=prefer', serverName: z } }",
        "1:23: error: 'serverName' is of connections that always have TLS: sslmode=verify-full")]
    [InlineData("json: { a: { url: http://x, caFile: c } }",
        "1:19: error: 'caFile' is of connections that always have TLS: https://")]
    [InlineData("redis: { a: { url: redis://x, insecureSkipVerify: true } }",
        "1:20: error: 'insecureSkipVerify' is of connections that always have TLS: rediss://")]
    [InlineData("json: { a: { url: http://x, password: hunter2 } }",
        "1:29: error: a json server has no key 'password' (secrets are in files: 'passwordFile', or 'passwordFile: env:NAME')")]
    [InlineData("json: { a: { url: http://x, user: u } }", "1:12: error: 'user' and 'passwordFile' belong together")]
    [InlineData("json: { a: { url: http://x, user: u, passwordFile: p, tokenFile: t } }",
        "1:55: error: 'tokenFile' and 'user' are two ways to say who asks")]
    [InlineData("json: { a: { url: https://x, certificateFile: c } }",
        "1:12: error: 'certificateFile' and 'keyFile' belong together")]
    [InlineData("json: { a: { url: http://x, headers: { Authorization: hunter2 } } }",
        "1:40: error: the header 'Authorization' is a secret (headerFiles: { Authorization: /run/secrets/... })")]
    [InlineData("json: { a: { url: http://x, headers: { Host: y } } }", "1:40: error: 'Host' is not a header that can be set")]
    [InlineData("json: { a: { url: http://x, headers: { X-A: '' } } }", "1:45: error: the header 'X-A' needs a text")]
    [InlineData("json: { a: { url: http://x, timeout: soon } }", "1:38: error: 'timeout' must be a time from 10ms to 1m")]
    [InlineData("json: { a: { url: http://x, concurrency: 0 } }",
        "1:42: error: 'concurrency' must be a whole number from 1 to 64")]
    [InlineData("json: { a: { url: http://x, method: post } }", "1:29: error: a json server has no key 'method'")]
    [InlineData("json: { a: { url: https://x, insecureSkipVerify: yes } }",
        "1:50: error: 'insecureSkipVerify' must be true or false, not 'yes'")]
    [InlineData("prometheus: { a: { url: 'http://x?query=1' } }", "1:25: error: the parameter 'query' is the query's own")]
    [InlineData("rabbitmq: { a: { url: 'http://x?y=1' } }", "1:23: error: RabbitMQ's address has no query")]
    [InlineData("kafka: { a: {} }",
        "1:13: error: the kafka server 'a' needs 'bootstrapServers' (bootstrapServers: broker-1:9092, broker-2:9092)")]
    [InlineData("kafka: { a: { bootstrapServers: [ b:9092 ] } }", "1:33: error: 'bootstrapServers' must be a text")]
    [InlineData("kafka: { a: { bootstrapServers: 'b:9092, c' } }", "1:33: error: 'c' is not a broker's host:port")]
    [InlineData("kafka: { a: { bootstrapServers: 'b:9092,' } }", "1:33: error: '' is not a broker's host:port")]
    [InlineData("kafka: { a: { bootstrapServers: 'SSL://b:9092' } }", "1:33: error: 'SSL://b:9092' is not a broker's host:port")]
    [InlineData("kafka: { a: { bootstrapServers: 'me:hunter2@b:9092' } }",
        "1:33: error: an address must not hold credentials: give 'user' and 'passwordFile'")]
    [InlineData("kafka: { a: { bootstrapServers: 'b:9092', url: x } }", "1:43: error: a kafka server has no key 'url'")]
    [InlineData("kafka: { a: { bootstrapServers: 'b:9092', serverName: x } }",
        "1:43: error: a kafka server has no key 'serverName'")]
    [InlineData("kafka: { a: { bootstrapServers: 'b:9092', caFile: x } }",
        "1:43: error: 'caFile' is of connections with TLS (tls: true)")]
    [InlineData("kafka: { a: { bootstrapServers: 'b:9092', user: u, passwordFile: p } }",
        "1:13: error: 'sasl', 'user' and 'passwordFile' belong together (sasl: SCRAM-SHA-512)")]
    [InlineData("kafka: { a: { bootstrapServers: 'b:9092', sasl: PLAIN, user: u } }",
        "1:13: error: 'sasl', 'user' and 'passwordFile' belong together (sasl: SCRAM-SHA-512)")]
    [InlineData("kafka: { a: { bootstrapServers: 'b:9092', sasl: GSSAPI, user: u, passwordFile: p } }",
        "1:49: error: 'sasl' must be PLAIN or SCRAM-SHA-256 or SCRAM-SHA-512, not 'GSSAPI'")]
    [InlineData("redis: { a: { url: redis://x, tls: true } }", "1:31: error: a redis server has no key 'tls'")]
    [InlineData("json: { a: { url: http://x }, a: { url: http://y } }", "1:31: error: ")]
    [InlineData("- a", "1:1: error: a mapping of kinds is needed")]
    [InlineData("json: {}\n---\njson: {}", "3:1: error: the file has more than one document")]
    [InlineData("json: [", "2:1: error: ")]
    [InlineData("redis: &a { b: *a }", "1:16: error: aliases are not taken here: write it out")]
    [InlineData("a: [[[[[[[[[[[[]]]]]]]]]]]]", "1:9: error: this nests too deeply")]
    public void A_bad_file_is_refused_whole_with_the_place_and_the_remedy(string text, string problem)
    {
        var (servers, problems) = SourcesReader.Read("s.yml", text + (text.Contains('\n', StringComparison.Ordinal) ? "" : "\n"));
        Assert.Empty(servers);
        Assert.Contains(problems, one => one.ToString().StartsWith("s.yml:" + problem, StringComparison.Ordinal));
        Assert.DoesNotContain("hunter2", string.Concat(problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_file_is_refused_or_read_and_never_throws()
    {
        var random = new Random(7);
        const string Signs = "{}[]:,&*!|>'\"#%@`\n\t -?<=x0\0\uFEFF";
        for (var i = 0; i < 2_000; i++)
        {
            var text = Good.ToCharArray();
            for (var edits = random.Next(1, 6); edits > 0; edits--)
                text[random.Next(text.Length)] = Signs[random.Next(Signs.Length)];
            var (servers, problems) = SourcesReader.Read("s.yml", new string(text, 0, random.Next(text.Length + 1)));
            Assert.True(problems.Count == 0 || servers.Count == 0);
            Assert.All(problems, problem => Assert.True(problem is { Line: > 0, Column: > 0 }, problem.ToString()));
        }
    }

    [Fact]
    public void All_errors_are_told_at_once_and_a_file_that_is_not_there_is_one()
    {
        Assert.Equal(3, SourcesReader.Read("s.yml", "redis: { a: { url: x, colour: red } }\njason: {}\n").Problems.Count);
        Assert.Contains("the file cannot be read", Assert.Single(SourcesCheck.Of("/nowhere/s.yml").Problems).ToString(),
            StringComparison.Ordinal);
    }
}
