using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Testing;
using StackExchange.Redis;

namespace LifecycleManager.Metrics.Tests.Sources;

/// <summary>A real Redis server.</summary>
public sealed class RedisTests
{
    private static MetricQuery Key(string key, string? word = null, string? group = null) => new()
    {
        Source = MetricSource.Redis,
        Selector = key,
        From = new SourceSettings { Read = word, Group = group },
    };

    [Fact]
    public async Task Lists_streams_and_groups_of_a_real_server()
    {
        await using var redis = new RedisProcess("hunter2");
        await redis.StartAsync();
        await using var client = await ConnectionMultiplexer.ConnectAsync(
            $"127.0.0.1:{redis.Port},password=hunter2,defaultDatabase=3");
        var database = client.GetDatabase();
        await database.ListRightPushAsync("jobs:/shop/web", ["a", "b", "c"]);
        for (var i = 0; i < 5; i++) await database.StreamAddAsync("events", "n", i);
        await database.StreamCreateConsumerGroupAsync("events", "workers", "0-0");
        await database.StreamReadGroupAsync("events", "workers", "one", ">", count: 2);
        await database.StreamAddAsync("empty", "n", 1);
        await database.StreamTrimAsync("empty", 0);
        await database.StringSetAsync("text", "x");

        using var files = new SourceFiles($$"""
            redis:
              jobs: { url: 'redis://127.0.0.1:{{redis.Port}}/3', passwordFile: password }
            """);
        files.Secret("password", "hunter2");
        using var questions = new Questions(Questions.Options(files.Path));
        Assert.Equal((3, null), await questions.AskAsync(Key("jobs:$app")));
        // A list that has run empty is not there.
        Assert.Equal((0, null), await questions.AskAsync(Key("jobs:none")));
        Assert.Equal((5, null), await questions.AskAsync(Key("events", "stream")));
        Assert.Equal((0, null), await questions.AskAsync(Key("empty", "stream")));
        var labels = new Dictionary<string, string> { ["group"] = "workers" };
        Assert.Equal((2, null), await questions.AskAsync(Key("events", "pending", "${label:group}"), labels));
        Assert.Equal((3, null), await questions.AskAsync(Key("events", "lag", "workers")));

        async Task Is(MetricQuery query, string problem) =>
            Assert.Contains(problem, (await questions.AskAsync(query)).Problem, StringComparison.Ordinal);
        await Is(Key("nothing", "stream"), "there is no stream 'nothing' at redis://127.0.0.1");
        await Is(Key("nothing", "pending", "workers"), "there is no stream 'nothing'");
        await Is(Key("events", "pending", "others"), "the stream 'events' has no group 'others'");
        await Is(Key("events", "pending", "others"), "it has workers");
        await Is(Key("events"), "WRONGTYPE");
        await Is(Key("events"), "it is no list: 'read: stream'?");
        await Is(Key("text", "stream"), "it is no stream: 'read: list'?");

        // Another password: the file is read again, and no connection of the former goes on.
        files.Secret("password", "wrong");
        await Is(Key("jobs:none"), "'user' and 'passwordFile'");
        files.Secret("password", "hunter2");
        Assert.Equal((0, null), await questions.AskAsync(Key("jobs:none")));

        // Gone and back.
        await redis.KillAsync();
        await Is(Key("jobs:none"), "down: ");
        await redis.StartAsync();
        await Eventually.TrueAsync(async () => (await questions.AskAsync(Key("jobs:none"))).Value == 0);
        Assert.DoesNotContain("hunter2", string.Concat(questions.Log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_certificates_of_both_sides_are_checked_and_told_apart()
    {
        using var files = new SourceFiles("");
        using var authority = new CertificateAuthority("the shop's");
        using var stranger = new CertificateAuthority("a stranger's");
        var trusted = authority.AuthorityFile(files.Directory);
        var (certificate, key) = authority.Files(files.Directory, "server", "redis", server: true);
        authority.Files(files.Directory, "client", "lcm", server: false);
        stranger.Files(files.Directory, "other", "lcm", server: false);
        files.Secret("stranger.pem", stranger.Certificate.ExportCertificatePem());
        await using var redis = new RedisProcess(tls: (certificate, key, trusted));
        await redis.StartAsync();
        using var questions = new Questions(Questions.Options(files.Path));
        async Task Is(string settings, string? problem, string scheme = "rediss")
        {
            files.Write($"redis: {{ a: {{ url: '{scheme}://127.0.0.1:{redis.Port}', timeout: 5s, {settings} }} }}");
            var read = await questions.AskAsync(Key("jobs"));
            if (problem is null) Assert.Equal((0, null), read);
            else Assert.True(read.Problem!.Contains(problem, StringComparison.Ordinal), settings + read.Problem);
        }

        const string Client = "certificateFile: client.pem, keyFile: client.key";
        await Is($"caFile: authority.pem, {Client}", null);
        await Is($"insecureSkipVerify: true, {Client}", null);
        await Is($"caFile: stranger.pem, {Client}", "signed by an unknown authority, CN=the shop's: name it by 'caFile'");
        await Is(Client, "signed by an unknown authority, CN=the shop's: name it by 'caFile'");
        await Is($"caFile: authority.pem, serverName: other, {Client}",
            "for another name, localhost, 127.0.0.1: say which by 'serverName'");
        await Is("caFile: authority.pem", "'certificateFile'");
        await Is("caFile: authority.pem, certificateFile: other.pem, keyFile: other.key", "'certificateFile'");
        await Is("concurrency: 2", "a TLS server is rediss://", "redis");
    }
}
