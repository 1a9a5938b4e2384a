using System.Net;
using System.Text;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Discovery.Eureka;

/// <summary>
/// Registers, renews and cancels instances in Eureka on behalf of apps that ask for it, while this scheduler leads. One that
/// stops leading cancels nothing: the next goes on, and without any the leases run out.
/// </summary>
internal sealed class EurekaRegistrar(
    IServingApps apps, EurekaOptions options, RoleHealth health, TimeProvider time, ILogger<EurekaRegistrar> log)
    : BackgroundService
{
    private const int MaxConcurrentCalls = 8;
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);

    // After a failover thousands of instances are registered in one turn.
    private static readonly TimeSpan LongestTurn = TimeSpan.FromMinutes(5);

    private readonly EurekaLeases _leases = new(options.Renewal);
    private readonly AddressList _servers = new(options.Servers);
    private readonly EurekaLogin _login = new(options.Credential);
    private readonly long _began = time.GetTimestamp();
    private Dictionary<string, string> _skipped = [];
    private bool _failing;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var report = health.Loop("the registrar of Eureka", LongestTurn);
        using var client = new HttpClient(new SocketsHttpHandler
        {
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = CallTimeout,
        })
        { Timeout = CallTimeout };
        using var timer = new PeriodicTimer(Tick, time);
        try
        {
            do
            {
                report.BeginTurn();
                if (apps.Read(EurekaRegistration.IsWanted) is not { } serving) _leases.Forget();
                else await CallAsync(client, _leases.Due(Wanted(serving), Now), stoppingToken);
                report.EndTurn();
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    private TimeSpan Now => time.GetElapsedTime(_began);

    // What is skipped is said once, and again when it is skipped for something else.
    private IReadOnlyDictionary<string, EurekaRegistration> Wanted(IReadOnlyList<App> apps)
    {
        var skipped = new Dictionary<string, string>(StringComparer.Ordinal);
        var wanted = EurekaRegistration.Of(apps, (app, reason) => skipped[app] = reason);
        foreach (var (app, reason) in skipped)
        {
            if (_skipped.GetValueOrDefault(app) != reason)
                log.LogWarning("App {App} asks to be registered in Eureka and is not: {Reason}", app, reason);
        }

        _skipped = skipped;
        return wanted;
    }

    private async Task CallAsync(HttpClient client, IReadOnlyList<EurekaCall> due, CancellationToken cancellation)
    {
        foreach (var calls in due.Chunk(MaxConcurrentCalls))
        {
            var server = _servers.Current;
            var outcomes = await Task.WhenAll(calls.Select(call => CallAsync(client, server, call, cancellation)));
            for (var index = 0; index < calls.Length; index++) _leases.Record(calls[index], outcomes[index], Now);
            if (outcomes.Contains(EurekaOutcome.Failed))
            {
                // The rest waits for the next turn, with the next server.
                _servers.Leave(server);
                return;
            }

            _failing = false;
        }
    }

    private async Task<EurekaOutcome> CallAsync(HttpClient client, Uri server, EurekaCall call, CancellationToken cancellation)
    {
        var app = $"{server.ToString().TrimEnd('/')}/apps/{Uri.EscapeDataString(call.Registration.App)}";
        var instance = $"{app}/{Uri.EscapeDataString(call.Registration.InstanceId)}";
        using var message = call.Kind switch
        {
            EurekaCallKind.Register => new HttpRequestMessage(HttpMethod.Post, app)
            {
                Content = new StringContent(call.Registration.ToJson(options.Renewal), Encoding.UTF8, "application/json"),
            },
            EurekaCallKind.Renew => new HttpRequestMessage(HttpMethod.Put, instance),
            EurekaCallKind.TakeOut => new HttpRequestMessage(HttpMethod.Put,
                $"{instance}/status?value={EurekaStatus.OutOfService.Text()}"),
            _ => new HttpRequestMessage(HttpMethod.Delete, instance),
        };
        try
        {
            message.Headers.Authorization = _login.Header();
            message.Headers.Accept.ParseAdd("application/json");
            using var answer = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (answer.StatusCode == HttpStatusCode.NotFound && call.Kind != EurekaCallKind.Register)
                return EurekaOutcome.Unknown;
            if (answer.IsSuccessStatusCode) return EurekaOutcome.Done;
            LogFailure(server, $"it answered {(int)answer.StatusCode} to {call.Kind} of {call.Registration.InstanceId}"
                + (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                    ? "; name a user that may register by --eureka-credentials" : ""));
            return EurekaOutcome.Failed;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException
            && !cancellation.IsCancellationRequested)
        {
            LogFailure(server, e.Message);
            return EurekaOutcome.Failed;
        }
    }

    // Once, until a server answers again.
    private void LogFailure(Uri server, string reason)
    {
        if (!_failing) log.LogWarning("Eureka at {Server} is not told of instances: {Reason}", server, reason);
        _failing = true;
    }
}
