using System.Net;
using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Scheduler.Discovery;

/// <summary>
/// Registers, renews and cancels instances in Eureka on behalf of apps that ask for it, while this scheduler leads. One that
/// stops leading cancels nothing: the next goes on, and without any the leases run out.
/// </summary>
internal sealed class EurekaRegistrar(
    SchedulerService scheduler, SchedulerOptions options, TimeProvider time, ILogger<EurekaRegistrar> log) : BackgroundService
{
    private const int AtOnce = 8;
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly EurekaLedger _ledger = new(options.EurekaRenewal);
    private readonly long _began = time.GetTimestamp();
    private int _server;
    private bool _failing;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Eureka.Count == 0) return;
        using var client = new HttpClient(new SocketsHttpHandler
        {
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = Patience
        })
        { Timeout = Patience };
        using var timer = new PeriodicTimer(Tick, time);
        try
        {
            do
            {
                var snapshot = scheduler.Snapshot;
                if (!snapshot.Leader.IsLeading) _ledger.Forget();
                else await TellAsync(client, _ledger.Due(EurekaRegistration.Wanted(snapshot), time.GetElapsedTime(_began)),
                    stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The process ends.
        }
    }

    private async Task TellAsync(HttpClient client, IReadOnlyList<EurekaCall> due, CancellationToken cancellation)
    {
        foreach (var calls in due.Chunk(AtOnce))
        {
            var outcomes = await Task.WhenAll(calls.Select(call => TellAsync(client, call, cancellation)));
            for (var index = 0; index < calls.Length; index++)
                _ledger.Told(calls[index], outcomes[index], time.GetElapsedTime(_began));

            // The rest waits for the next tick, with the next server.
            if (!outcomes.Contains(EurekaOutcome.Failed)) _failing = false;
            else
            {
                _server++;
                return;
            }
        }
    }

    private async Task<EurekaOutcome> TellAsync(HttpClient client, EurekaCall call, CancellationToken cancellation)
    {
        var server = options.Eureka[_server % options.Eureka.Count];
        var app = $"{server.ToString().TrimEnd('/')}/apps/{Uri.EscapeDataString(call.Registration.App)}";
        var instance = $"{app}/{Uri.EscapeDataString(call.Registration.InstanceId)}";
        using var message = call.Kind switch
        {
            EurekaCallKind.Register => new HttpRequestMessage(HttpMethod.Post, app)
            {
                Content = new StringContent(call.Registration.ToJson(options.EurekaRenewal), Encoding.UTF8, "application/json"),
            },
            EurekaCallKind.Renew => new HttpRequestMessage(HttpMethod.Put, instance),
            _ => new HttpRequestMessage(HttpMethod.Delete, instance),
        };
        try
        {
            using var answer = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (answer.StatusCode == HttpStatusCode.NotFound && call.Kind != EurekaCallKind.Register)
                return EurekaOutcome.Unknown;
            if (answer.IsSuccessStatusCode) return EurekaOutcome.Done;
            Complain(server, $"it answers {(int)answer.StatusCode} to {call.Kind} of {call.Registration.InstanceId}");
            return EurekaOutcome.Failed;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            Complain(server, e.Message);
            return EurekaOutcome.Failed;
        }
    }

    private void Complain(Uri server, string reason)
    {
        if (!_failing) log.LogWarning("Eureka at {Server} is not told of instances: {Reason}", server, reason);
        _failing = true;
    }
}
