using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Tests.Commands;
using LifecycleManager.Security;
using LifecycleManager.Testing;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>
/// What stands around a scheduler that other machines reach, and that asks who calls: each comes in as it is meant to.
/// </summary>
public sealed class BeyondLoopbackTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-beyond-").FullName;
    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly int _port = Server.FreePort();
    private Task<Lcm> _scheduler = null!;

    private Uri Address => new($"http://{OwnAddress()}:{_port}");

    public async ValueTask InitializeAsync()
    {
        var credentials = Write("credentials.json", """
            {"credentials": [
              {"principal": "prometheus", "secret": "p", "permissions": ["view"]}, {"principal": "proxy", "secret": "x",
                  "permissions": ["view"]},
              {"principal": "ops", "secret": "o", "permissions": ["operate"]}
            ]}
            """);
        _scheduler = Lcm.RunAsync(new Dictionary<string, string?>(), _stop.Token,
            "scheduler", "--bind", "0.0.0.0", "--port", $"{_port}", "--credentials", credentials, "--work-dir", _directory,
            "--master", "http://127.0.0.1:9", "--advertise", Address.GetLeftPart(UriPartial.Authority));
        await Eventually.TrueAsync(async () =>
        {
            Assert.False(_scheduler.IsCompleted, _scheduler.IsCompleted ? (await _scheduler).Error : "");
            using var answer = await SendAsync(HttpMethod.Post, Address, "ops", "o",
                """{"id": "/a", "cmd": "x", "instances": 0}""");
            return answer.StatusCode is HttpStatusCode.Created or HttpStatusCode.Conflict;
        }, "a scheduler that leads");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _scheduler;
        _stop.Dispose();
        _http.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Prometheus_scrapes_by_its_principal_and_not_without()
    {
        var program = Server.Executable("prometheus");
        var port = Server.FreePort();
        string Job(string name, string more) =>
            $"  - {{ job_name: {name}, static_configs: [{{ targets: ['{Address.Authority}'] }}]{more} }}";
        var file = Write("prometheus.yml", $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s }
            scrape_configs:
            {{Job("known", $", basic_auth: {{ username: prometheus, password_file: '{Write("prometheus.secret", "p")}' }}")}}
            {{Job("nobody", "")}}
            """);
        using var prometheus = Process.Start(new ProcessStartInfo(program,
        [
            $"--config.file={file}", $"--storage.tsdb.path={Path.Combine(_directory, "tsdb")}",
                $"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ]))!;
        try
        {
            async Task<string?> UpAsync(string job)
            {
                var text = await _http.GetStringAsync(
                    $"http://127.0.0.1:{port}/api/v1/query?query={Uri.EscapeDataString($"up{{job=\"{job}\"}}")}");
                var result = JsonDocument.Parse(text).RootElement.GetProperty("data").GetProperty("result");
                return result.GetArrayLength() == 1 ? result[0].GetProperty("value")[1].GetString() : null;
            }

            await Eventually.TrueAsync(async () => await UpAsync("known") == "1" && await UpAsync("nobody") == "0",
                "one target is up, and the other one is refused");
        }
        finally
        {
            prometheus.Kill(entireProcessTree: true);
            await prometheus.WaitForExitAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_load_balancer_checks_without_credentials_and_passes_on_whoever_has_some()
    {
        await using var balancer = new HaproxyProcess(Address);
        await balancer.StartAsync();
        await Eventually.TrueAsync(async () =>
        {
            using var answer = await SendAsync(HttpMethod.Get, balancer.Address, "ops", "o");
            return answer.StatusCode == HttpStatusCode.OK;
        }, "the balancer's check finds the scheduler well");
        using var stranger = await SendAsync(HttpMethod.Get, balancer.Address, null, null);
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
        using var reader = await SendAsync(HttpMethod.Post, balancer.Address, "prometheus", "p", """{"id": "/b", "cmd": "x"}""");
        Assert.Equal(HttpStatusCode.Forbidden, reader.StatusCode);

        // A page that came by the balancer's address is the scheduler's own.
        using var page = await SendAsync(
            HttpMethod.Post, balancer.Address, "ops", "o", """{"id": "/b", "cmd": "x", "instances": 0}""",
            balancer.Address.GetLeftPart(UriPartial.Authority));
        Assert.Equal(HttpStatusCode.Created, page.StatusCode);
    }

    [Fact]
    public async Task The_name_of_a_compose_service_is_served_to_whoever_says_who_he_is()
    {
        foreach (var (principal, secret, expected) in ((string?, string?, HttpStatusCode)[])[
            ("ops", "o", HttpStatusCode.OK), ("ops", "wrong", HttpStatusCode.Unauthorized), (null, null,
                HttpStatusCode.Unauthorized)])
        {
            using var answer = await SendAsync(HttpMethod.Get, Address, principal, secret, host: "scheduler:8080");
            Assert.Equal(expected, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Lcm_proxy_follows_by_its_principal()
    {
        var output = Path.Combine(_directory, "proxy.conf");
        Task<Lcm> ProxyAsync(string secret) => Lcm.RunAsync(
            "proxy", "--once", "--scheduler", Address.GetLeftPart(UriPartial.Authority), "--principal", "proxy", "--secret-file",
            Write("proxy.secret", secret), "--output", output, "--check", "true");
        var refused = await ProxyAsync("wrong");
        Assert.Equal(ExitStatus.Failure, refused.Code);
        Assert.Contains("401", refused.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(output));
        var done = await ProxyAsync("x");
        Assert.Equal((ExitStatus.Success, ""), (done.Code, done.Error));
        Assert.StartsWith("# Written by LifecycleManager", await File.ReadAllTextAsync(output), StringComparison.Ordinal);
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, Uri address, string? principal, string? secret, string? body = null, string? origin = null,
            string? host = null)
    {
        using var message = new HttpRequestMessage(method, new Uri(address, "/v2/apps"));
        if (principal is not null) message.Headers.Authorization = new Credential(principal, secret!).Header;
        if (origin is not null) message.Headers.Add("Origin", origin);
        message.Headers.Host = host;
        if (body is not null) message.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return await _http.SendAsync(message);
    }

    /// <summary>An address of this machine that is not of the loopback interface, where there is one.</summary>
    private static IPAddress OwnAddress() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(card => card.OperationalStatus == OperationalStatus.Up
            && card.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .SelectMany(card => card.GetIPProperties().UnicastAddresses).Select(address => address.Address)
        .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork) ?? IPAddress.Parse("127.0.0.2");

    private string Write(string name, string text)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, text);
        return path;
    }
}
