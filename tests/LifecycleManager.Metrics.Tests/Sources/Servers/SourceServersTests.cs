using System.Net;
using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Metrics.Tests.Sources.Servers;

public sealed class SourceServersTests
{
    private static MetricQuery At(string? server) =>
        new() { Source = MetricSource.Json, Selector = "/", From = new SourceSettings { Server = server } };

    [Fact]
    public async Task The_file_is_read_again_and_a_bad_one_leaves_the_last_good()
    {
        await using var one = await HttpServer.StartAsync("application/json", new() { ["/"] = "1" });
        await using var two = await HttpServer.StartAsync("application/json", new() { ["/"] = "2" });
        string Server(string name, int port) => $"  {name}: {{ url: 'http://127.0.0.1:{port}' }}\n";
        using var files = new SourceFiles("json:\n" + Server("a", one.Port));
        using var questions = new Questions(Questions.Options(files.Path));
        Assert.Equal((1, null), await questions.AskAsync(At("a")));
        Assert.Equal((1, null), await questions.AskAsync(At(null)));
        Assert.Equal($"down: no json server is named 'b' in {files.Path} (did you mean 'a'?)",
            (await questions.AskAsync(At("b"))).Problem);

        files.Write("json:\n" + Server("a", two.Port) + Server("stats", one.Port));
        Assert.Equal((2, null), await questions.AskAsync(At("a")));
        Assert.Equal("down: there are several json servers: say 'server' in the policy (a, stats)",
            (await questions.AskAsync(At(null))).Problem);
        Assert.Contains("did you mean 'stats'?", (await questions.AskAsync(At("stat"))).Problem, StringComparison.Ordinal);

        files.Write("json:\n" + Server("a", one.Port) + "  b: { urll: x }\n");
        Assert.Equal((2, null), await questions.AskAsync(At("a")));
        Assert.Contains($"{files.Path}:3:8: error: a json server has no key 'urll'", (await questions.AskAsync(At("b"))).Problem,
            StringComparison.Ordinal);
        Assert.Single(questions.Log.Lines, line => line.Contains("stay as they were", StringComparison.Ordinal));

        files.Write("json:\n" + Server("a", one.Port) + Server("default", two.Port));
        Assert.Equal((1, null), await questions.AskAsync(At("a")));
        Assert.Equal((2, null), await questions.AskAsync(At(null)));
        Assert.Single(questions.Log.Lines, line => line.Contains("are read again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_of_the_options_goes_first_and_nobody_takes_its_name()
    {
        await using var option = await HttpServer.StartAsync(context => context.Response.WriteAsync("""{"messages":1}"""));
        await using var named = await HttpServer.StartAsync(context => context.Response.WriteAsync("""{"messages":2}"""));
        using var files = new SourceFiles($"rabbitmq: {{ shop: {{ url: 'http://127.0.0.1:{named.Port}' }} }}");
        using var questions = new Questions(Questions.Options(files.Path) with { RabbitMq = option.Url });
        MetricQuery Queue(string? server) => new()
        {
            Source = MetricSource.RabbitMq,
            Selector = "q",
            From = new SourceSettings { Server = server },
        };
        Assert.Equal((1, null), await questions.AskAsync(Queue(null)));
        Assert.Equal((2, null), await questions.AskAsync(Queue("shop")));
        files.Write($"rabbitmq: {{ default: {{ url: 'http://127.0.0.1:{named.Port}' }} }}");
        Assert.Equal((2, null), await questions.AskAsync(Queue("shop")));
        Assert.Contains(questions.Log.Lines, line =>
            line.Contains("the rabbitmq server 'default' is that of the options: name it otherwise", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_that_hangs_has_so_many_questions_as_it_may_and_holds_up_no_other()
    {
        var (hangs, most) = (0, 0);
        var open = new TaskCompletionSource();
        await using var slow = await HttpServer.StartAsync(async context =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref hangs));
            await open.Task.WaitAsync(context.RequestAborted);
            Interlocked.Decrement(ref hangs);
            await context.Response.WriteAsync("1");
        });
        await using var quick = await HttpServer.StartAsync("application/json", new() { ["/"] = "2" });
        using var files = new SourceFiles($$"""
            json:
              slow: { url: 'http://127.0.0.1:{{slow.Port}}', concurrency: 2 }
              quick: { url: 'http://127.0.0.1:{{quick.Port}}' }
            """);
        await using var scheduler = await FakeScheduler.StartAsync();
        await using var collector = await CollectorUnderTest.StartAsync(scheduler,
            options => options with { SourcesFile = files.Path, MaxConcurrentScrapes = 1, Timeout = TimeSpan.FromMinutes(1) });
        var many = Enumerable.Range(0, 20).Select(i => At("slow") with { Selector = $"/{i}" }).ToArray();
        collector.Demand([.. many.Select(query => ("/a", query)), ("/a", At("quick"))]);
        Assert.Equal(2, (await collector.ReadAsync("/a", At("quick"))).Value);
        await Eventually.TrueAsync(() => Volatile.Read(ref hangs) == 2);

        // Again and again, while all that ask the other wait.
        var asked = quick.Requests.Count;
        await Eventually.TrueAsync(() => quick.Requests.Count > asked + 2);
        Assert.Equal(2, Volatile.Read(ref most));
        open.SetResult();
        foreach (var query in many) await collector.ReadAsync("/a", query);
        Assert.Equal(2, Volatile.Read(ref most));
    }

    [Fact]
    public async Task A_server_that_takes_longer_than_its_time_is_down_and_its_question_ends()
    {
        await using var slow = await HttpServer.StartAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var files = new SourceFiles($"json: {{ a: {{ url: 'http://127.0.0.1:{slow.Port}', timeout: 50ms }} }}");
        using var questions = new Questions(Questions.Options(files.Path));
        Assert.Equal($"down: http://127.0.0.1:{slow.Port}: no complete answer within 0.05 s",
            (await questions.AskAsync(At("a"))).Problem);
    }

    [Fact]
    public async Task A_server_s_authority_its_name_and_the_own_certificate_are_checked_and_told_apart()
    {
        using var files = new SourceFiles("");
        using var authority = new CertificateAuthority("the shop's");
        using var stranger = new CertificateAuthority("a stranger's");
        using var certificate = authority.Issue("server", server: true, client: false);
        using var expired = authority.Issue("server", server: true, expires: DateTimeOffset.UtcNow.AddMinutes(-5));
        var shown = certificate;
        authority.AuthorityFile(files.Directory);
        authority.Files(files.Directory, "client", "lcm", server: false);
        await using var app = await TlsAsync(() => shown);
        var port = new Uri(app.Urls.Single()).Port;
        using var questions = new Questions(Questions.Options(files.Path));
        async Task Is(string settings, string? problem)
        {
            files.Write($"json: {{ a: {{ url: 'https://127.0.0.1:{port}', {settings} }} }}");
            var read = await questions.AskAsync(At("a"));
            if (problem is null) Assert.Equal((1, null), read);
            else Assert.Contains(problem, read.Problem, StringComparison.Ordinal);
        }

        const string Client = "certificateFile: client.pem, keyFile: client.key";
        await Is($"caFile: authority.pem, {Client}", null);
        await Is($"insecureSkipVerify: true, {Client}", null);
        await Is(Client, "signed by an unknown authority, CN=the shop's: name it by 'caFile'");
        await Is($"caFile: authority.pem, serverName: other, {Client}",
            "for another name, localhost, 127.0.0.1: say which by 'serverName'");
        await Is("caFile: authority.pem", "down: ");
        await Is("caFile: none.pem", "none.pem cannot be read");
        files.Secret("empty.pem", "nothing");
        await Is("caFile: empty.pem", "'caFile' cannot be used: it holds no certificate");
        await Is("caFile: authority.pem, certificateFile: client.pem, keyFile: empty.pem", "'certificateFile' cannot be used");

        shown = expired;
        await Is($"caFile: authority.pem, timeout: 9s, {Client}", "the certificate expired on ");
        shown = certificate;

        // Another authority in the same file is another connection.
        File.WriteAllText(Path.Combine(files.Directory, "authority.pem"), stranger.Certificate.ExportCertificatePem());
        await Is($"caFile: authority.pem, {Client}", "signed by an unknown authority, CN=the shop's: name it by 'caFile'");
    }

    private static async Task<WebApplication> TlsAsync(Func<X509Certificate2> certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificateSelector = (_, _) => certificate();
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            https.AllowAnyClientCertificate();
        })));
        var app = builder.Build();
        app.Run(context => context.Response.WriteAsync("1"));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private static void InterlockedMax(ref int place, int value)
    {
        int known;
        while (value > (known = Volatile.Read(ref place)) && Interlocked.CompareExchange(ref place, value, known) != known)
        {
        }
    }
}
