using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using LifecycleManager.Testing;

namespace LifecycleManager.Metrics.Tests.Fakes;

/// <summary>
/// A RabbitMQ broker of one test alone with its management API, on loopback ports of its own, beside a name server of its own;
/// skips the test where RabbitMQ is missing.
/// </summary>
internal sealed class RabbitProcess : ServerProcess
{
    public const string User = "lcm", Password = "hunter2";

    // The script that the distribution puts on the path changes to a user of its own, and its data are elsewhere.
    private readonly string _executable = Server.Executable("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server");
    private readonly string _names = Server.Executable("epmd");
    private readonly (int Amqp, int Management, int Names, int Nodes) _ports =
        (Server.FreePort(), Server.FreePort(), Server.FreePort(), Server.FreePort());

    private readonly HttpClient _http;
    private Process? _nameServer;

    public RabbitProcess() : base("rabbitmq")
    {
        _http = new HttpClient { BaseAddress = Url };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}")));
    }

    /// <summary>The management API.</summary>
    public Uri Url => new($"http://127.0.0.1:{_ports.Management}");

    /// <summary>Calls the management API: <c>queues/%2F/orders</c>.</summary>
    public async Task CallAsync(HttpMethod method, string path, object body)
    {
        using var request = new HttpRequestMessage(method, "/api/" + path) { Content = JsonContent.Create(body) };
        using var response = await _http.SendAsync(request);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
    }

    /// <summary>Puts messages into a queue.</summary>
    public async Task PublishAsync(string vhost, string queue, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await CallAsync(HttpMethod.Post, $"exchanges/{Uri.EscapeDataString(vhost)}/amq.default/publish",
                new { properties = new { }, routing_key = queue, payload = "x", payload_encoding = "string" });
        }
    }

    protected override ProcessStartInfo Command()
    {
        var configuration = Write("rabbitmq.conf", $"""
            listeners.tcp.1 = 127.0.0.1:{_ports.Amqp}
            management.tcp.ip = 127.0.0.1
            management.tcp.port = {_ports.Management}
            collect_statistics_interval = 500
            default_user = {User}
            default_pass = {Password}
            log.console = true
            log.file = false
            """);
        StartNames();
        var none = Path.Combine(Directory, "none");
        var start = new ProcessStartInfo(_executable)
        {
            Environment =
            {
                // The script becomes the server.
                ["RUNNING_UNDER_SYSTEMD"] = "1",
                // The cookie of its nodes is here.
                ["HOME"] = Directory,
                ["ERL_EPMD_PORT"] = Text(_ports.Names),
                ["RABBITMQ_NODENAME"] = $"lcm-{_ports.Nodes}@localhost",
                ["RABBITMQ_DIST_PORT"] = Text(_ports.Nodes),
                ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
                ["RABBITMQ_CONFIG_FILE"] = configuration,
                ["RABBITMQ_ADVANCED_CONFIG_FILE"] = none,
                ["RABBITMQ_CONF_ENV_FILE"] = none,
                ["RABBITMQ_MNESIA_BASE"] = Path.Combine(Directory, "mnesia"),
                ["RABBITMQ_LOG_BASE"] = Directory,
                ["RABBITMQ_PID_FILE"] = Path.Combine(Directory, "pid"),
                ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Write("plugins", "[rabbitmq_management]."),
            },
        };
        start.Environment.Remove("NOTIFY_SOCKET");
        return start;
    }

    protected override async Task<bool> AnswersAsync()
    {
        try
        {
            using var response = await _http.GetAsync("/api/overview");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    protected override async Task CleanAsync()
    {
        _http.Dispose();
        if (_nameServer is null) return;
        _nameServer.Kill();
        await _nameServer.WaitForExitAsync();
        _nameServer.Dispose();
    }

    // In the foreground: the one that a node starts by itself outlives it.
    private void StartNames()
    {
        if (_nameServer is { HasExited: false }) return;
        _nameServer = Process.Start(new ProcessStartInfo(_names, ["-port", Text(_ports.Names), "-address", "127.0.0.1"]))!;
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(Directory, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
