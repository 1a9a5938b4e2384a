using System.Net.Sockets;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Instances;
using LifecycleManager.Scheduler.Core.Launching;

namespace LifecycleManager.Scheduler.Health;

/// <summary>Where a check of an instance goes, and what a probe there finds.</summary>
internal sealed class Probe(HttpClient http, TimeProvider time)
{
    private const int MaxBody = 4 * 1024;

    /// <summary>A client for probes: no redirects, no cookies, any certificate, no connection kept.</summary>
    public static HttpClient Client() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        PooledConnectionLifetime = TimeSpan.Zero,
        ConnectTimeout = TimeSpan.FromSeconds(60),
#pragma warning disable CA5359 // As Marathon: a check asks whether the instance answers, not who it is; it sends no secrets.
        SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
#pragma warning restore CA5359
    })
    {
        Timeout = System.Threading.Timeout.InfiniteTimeSpan,
    };

    /// <summary>Runs a health check once; null for an answer that says nothing.</summary>
    public async Task<CheckResult?> CheckAsync(
        HealthCheckSpec check, AppDefinition app, Instance instance, CancellationToken cancellation)
    {
        using var limit = new TimeLimit(time, check.Timeout, cancellation);
        try
        {
            if (Address(check.Port, check.PortIndex ?? 0, app, instance) is not var (host, port))
                return new CheckResult(false, "the port is unknown");
            if (check.Protocol == HealthProtocol.Tcp)
            {
                using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(host, port, limit.Token);
                return new CheckResult(true);
            }

            using var response = await GetAsync(check.Protocol == HealthProtocol.Https, host, port, check.Path, limit.Token);
            var status = (int)response.StatusCode;
            return status switch
            {
                >= 200 and < 400 => new CheckResult(true),
                < 200 when check.IgnoreHttp1xx => null,
                _ => new CheckResult(false, $"the answer is {status} {response.ReasonPhrase}".TrimEnd()),
            };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new CheckResult(false, FormattableString.Invariant($"no answer within {check.Timeout.TotalSeconds:0.###} s"));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return new CheckResult(false, e.Message);
        }
    }

    /// <summary>Runs a readiness check once.</summary>
    public async Task<ReadinessResult> ReadyAsync(
        ReadinessCheckSpec check, AppDefinition app, Instance instance, CancellationToken cancellation)
    {
        var result = new ReadinessResult(check.Name, instance.TaskId, Ready: false);
        using var limit = new TimeLimit(time, check.Timeout, cancellation);
        try
        {
            if (Address(null, check.PortIndex, app, instance) is not var (host, port)) return result;
            using var response = await GetAsync(check.Https, host, port, check.Path, limit.Token);
            result = result with
            {
                Ready = check.ReadyStatusCodes.Contains((int)response.StatusCode),
                LastStatus = (int)response.StatusCode,
                LastContentType = response.Content.Headers.ContentType?.ToString(),
            };
            return check.PreserveLastResponse ? result with { LastBody = await BeginningAsync(response, limit.Token) } : result;
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            return result;
        }
    }

    /// <summary>
    /// Host and port: the agent's, where the port is published there; else the task's own address and its container port.
    /// </summary>
    internal static (string Host, int Port)? Address(int? port, int index, AppDefinition app, Instance instance)
    {
        if (port is { } given) return (instance.Host, given);
        if (index < instance.Ports.Count && instance.Ports[index] is { } published) return (instance.Host, published);
        return TaskInfoBuilder.InnerPort(app, instance, index) is { } inner && instance.Addresses.Count > 0
            ? (instance.Addresses[0].Address, inner)
            : null;
    }

    private async Task<HttpResponseMessage> GetAsync(bool https, string host, int port, string path,
        CancellationToken cancellation)
    {
        var authority = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        var address = new Uri($"{(https ? "https" : "http")}://{authority}:{port}/{path.TrimStart('/')}");
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.ConnectionClose = true;
        request.Headers.Accept.ParseAdd("*/*");
        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }

    private static async Task<string> BeginningAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var buffer = new byte[MaxBody];
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var read = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        return System.Text.Encoding.UTF8.GetString(buffer, 0, read);
    }
}
