using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Manager;
using LifecycleManager.Master;
using LifecycleManager.Metrics;
using LifecycleManager.Runtime;
using LifecycleManager.Runtime.Following;
using LifecycleManager.Scheduler;
using LifecycleManager.Security;
using LifecycleManager.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Playwright;

namespace LifecycleManager.Console.Tests.Callers;

/// <summary>
/// Two schedulers with the console, of which one leads, a master and a manager, in this process: all over TLS, and people are
/// known to them by their certificates.
/// </summary>
internal sealed class SecuredRoles : IAsyncDisposable
{
    private const string Known = """
        {"schedulers": ["schedulers"], "credentials": [
          {"principal": "schedulers", "permissions": ["view", "impersonate"], "roles": ["*"]},
          {"principal": "nodes", "permissions": ["agent"]},
          {"principal": "ann", "permissions": ["view", "operate", "exec"]},
          {"principal": "team", "groups": {"/shop/**": ["view", "scale", "logs"]}}]}
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-secured-").FullName;
    private readonly CertificateAuthority _authority = new("people and roles");
    private readonly string _state = "memory:" + Guid.NewGuid();
    private readonly List<RoleHost> _hosts = [];
    private readonly Uri _master = Address();
    private readonly Uri _manager = Address();
    private string _revoked = "";
    private LcmProcess? _agent;

    /// <summary>The scheduler that leads.</summary>
    public Uri Leader { get; } = Address();

    /// <summary>The one that stands by.</summary>
    public Uri Standby { get; } = Address();

    /// <summary>Starts all of them.</summary>
    public static async Task<SecuredRoles> StartAsync()
    {
        var roles = new SecuredRoles();
        try
        {
            await roles.RunAsync();
        }
        catch
        {
            await roles.DisposeAsync();
            throw;
        }

        return roles;
    }

    /// <summary>A certificate of somebody, as his browser shows it to both schedulers.</summary>
    public (string Serial, IReadOnlyList<ClientCertificate> Shown) Person(string name)
    {
        var (certificate, key) = _authority.Files(_directory, name, name, server: false);
        using var read = X509CertificateLoader.LoadCertificateFromFile(certificate);
        return (read.SerialNumber, [.. ((Uri[])[Leader, Standby]).Select(uri => new ClientCertificate
        {
            Origin = uri.GetLeftPart(UriPartial.Authority),
            CertPath = certificate,
            KeyPath = key,
        })]);
    }

    /// <summary>Has a certificate count no more.</summary>
    public Task RevokeAsync(string serial) => File.WriteAllTextAsync(_revoked, serial + "\n");

    /// <summary>Starts an agent, which is a program of its own, and waits until the master has it.</summary>
    public async Task StartAgentAsync()
    {
        var (certificate, key) = _authority.Files(_directory, "nodes", "nodes", server: true, client: true);
        var credentials = Path.Combine(_directory, "credentials.json");
        await File.WriteAllTextAsync(credentials, Known);
        _agent = LcmProcess.Start(_directory, ["agent", "--port", $"{Server.FreePort()}", "--hostname", "localhost", "--master",
            $"{_master}", "--containerizers", "process", "--work-dir", Path.Combine(_directory, "agent"), "--stop-tasks",
            "--tls-certificate", certificate, "--tls-key", key, "--tls-ca", _authority.AuthorityFile(_directory),
            "--tls-client-ca", _authority.AuthorityFile(_directory), "--credentials", credentials]);
        using var client = Client("ann");
        await Eventually.TrueAsync(
            async () => (await client.GetFromJsonAsync<JsonElement>(new Uri(_master, "/slaves")))
                .GetProperty("slaves").GetArrayLength() == 1, "an agent", more: () => _agent.Output);
    }

    /// <summary>Puts an app, as whoever deploys does it.</summary>
    public async Task PutAsync(string id, int instances, string cmd = "x")
    {
        using var client = Client("ann");
        using var answer = await client.PutAsJsonAsync(
            new Uri(Leader, $"/v2/apps{id}?force=true"), new { id, cmd, instances, cpus = 0.1, mem = 32 });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>How many instances an app is to have.</summary>
    public async Task<int> CountAsync(string id)
    {
        using var client = Client("ann");
        return (await client.GetFromJsonAsync<JsonElement>(new Uri(Leader, "/v2/apps" + id)))
            .GetProperty("app").GetProperty("instances").GetInt32();
    }

    /// <summary>Where the console has a file of the sandbox of an app's instance.</summary>
    public async Task<string> DownloadAsync(string app, string file)
    {
        using var client = Client("ann");
        var task = (await client.GetFromJsonAsync<JsonElement>(new Uri(Leader, $"/v2/apps{app}/tasks")))
            .GetProperty("tasks").EnumerateArray().Single();
        return $"/ui/download/{task.GetProperty("slaveId").GetString()}/{task.GetProperty("id").GetString()}?path={file}";
    }

    /// <summary>Whether the manager's changes are stopped, and by whom.</summary>
    public async Task<(bool Stopped, string? By)> StopAsync()
    {
        using var client = Client("ann");
        var stop = await client.GetFromJsonAsync<JsonElement>(new Uri(_manager, "/v1/stop"));
        return (stop.GetProperty("stopped").GetBoolean(), stop.TryGetProperty("by", out var by) ? by.GetString() : null);
    }

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null)
        {
            await _agent.TerminateAsync(TimeSpan.FromMinutes(1));
            await _agent.DisposeAsync();
        }

        foreach (var host in Enumerable.Reverse(_hosts)) await host.DisposeAsync();
        _authority.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task RunAsync()
    {
        _revoked = Path.Combine(_directory, "revoked");
        await File.WriteAllTextAsync(_revoked, "# none yet\n");
        await File.WriteAllTextAsync(Path.Combine(_directory, "night.yml"),
            "policy: night\napp: /shop/a\ninstances: { min: 1, max: 7 }\nmetrics: { cpu: { container: cpu, across: avg } }\n"
            + "rules:\n  - { rule: busy, target: { metric: cpu, value: 0.6 } }\n");
        var principals = Principals.Parse(Known);
        var master = new MasterOptions { Address = _master, Principals = principals };
        await StartAsync(Of("master", _master, services => services.AddMaster(master), app => app.MapMaster()), "memory:");
        var nobody = new Uri("http://127.0.0.1:9");
        var manager = new ManagerOptions
        {
            Scheduler = nobody,
            Address = _manager,
            RulesDirectory = _directory,
            Principals = principals,
            Collector = new CollectorOptions { Scheduler = nobody },
        };
        await StartAsync(Of("manager", _manager, services => services.AddManager(manager), app => app.MapManager()), "memory:");
        await StartAsync(Scheduler(Leader, principals), _state);
        await Eventually.TrueAsync(async () => await AnswersAsync(Leader), "a scheduler that leads");
        await StartAsync(Scheduler(Standby, principals), _state);
        await Eventually.TrueAsync(async () => await AnswersAsync(Standby), "a scheduler that stands by");
    }

    private Role Scheduler(Uri address, Principals principals)
    {
        var own = Tls();
        var authorities = new X509Certificate2Collection(_authority.Certificate);
        var options = new SchedulerOptions
        {
            Address = address,
            Masters = [_master],
            Principals = principals,
            Tls = new ClientTls(() => own.Current.ForClient, () => authorities),
        };
        return Of("scheduler", address, services => services.AddScheduler(options).AddConsole(new ConsoleOptions
        {
            Scheduler = address,
            Manager = _manager,
            Masters = AddressList.Of(options.Masters, null),
            Tls = options.Tls,
        }), app =>
        {
            app.MapScheduler();
            app.MapConsole();
        });
    }

    private FollowedFiles<ServerTls> Tls()
    {
        var (certificate, key) = _authority.Files(_directory, "schedulers", "schedulers", server: true, client: true);
        return ServerTls.Follow(certificate, key, _authority.AuthorityFile(_directory), clientsMust: false, _revoked);
    }

    private async Task StartAsync(Role role, string state) => _hosts.Add(await RoleHost.StartAsync(
        role with { State = state, Tls = Tls(), Hosts = null }, NullLoggerFactory.Instance, TimeProvider.System, default));

    private async Task<bool> AnswersAsync(Uri scheduler)
    {
        using var client = Client("ann");
        using var answer = await client.GetAsync(new Uri(scheduler, "/v2/apps"));
        return answer.IsSuccessStatusCode;
    }

    private HttpClient Client(string name)
    {
        var handler = new SocketsHttpHandler();
        var shown = _authority.Issue(name);
        handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => shown;
        handler.SslOptions.RemoteCertificateValidationCallback =
            (_, server, _, _) => server?.Issuer == _authority.Certificate.Subject;
        return new HttpClient(handler);
    }

    private static Role Of(string name, Uri address, Action<IServiceCollection> add, Action<WebApplication> map) =>
        new(name, "--port", [new IPEndPoint(IPAddress.Loopback, address.Port)], add, map);

    private static Uri Address() => new($"https://localhost:{Server.FreePort()}");
}
