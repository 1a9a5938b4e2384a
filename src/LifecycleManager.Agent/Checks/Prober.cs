using System.Net.Security;
using System.Net.Sockets;
using LifecycleManager.Agent.Containerizers;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Checks;

/// <summary>One result of a check.</summary>
/// <param name="Success">Whether it passed.</param>
/// <param name="Status">What it saw.</param>
/// <param name="Failure">Why it did not pass, or null.</param>
internal sealed record ProbeResult(bool Success, CheckStatusInfo Status, string? Failure = null);

/// <summary>Makes single checks.</summary>
internal static class Prober
{
    // Neither redirects nor cookies; a certificate says nothing about a task's health.
    private static readonly HttpClient Http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(1),
        PooledConnectionLifetime = TimeSpan.FromSeconds(1),
        MaxResponseHeadersLength = 64,
#pragma warning disable CA5359
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
    })
    { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Makes one check; never throws but for <paramref name="stopping"/>.</summary>
    public static async Task<ProbeResult> ProbeAsync(
        CheckType type, CommandInfo? command, HttpCheck? http, TcpCheck? tcp, TimeSpan timeout, IContainer container,
        TimeProvider time, CancellationToken stopping)
    {
        using var limit = new TimeLimit(time, timeout, stopping);
        try
        {
            switch (type)
            {
                case CheckType.Command when command is not null:
                    var code = await container.ExecuteAsync(command, limit.Token).WaitAsync(limit.Token);
                    return new ProbeResult(code == 0, Command(code), code == 0 ? null : $"the command exited with {code}");
                case CheckType.Http when http is not null:
                    var status = await GetAsync(http, container, limit.Token);
                    var fine = status is >= 200 and < 400;
                    return new ProbeResult(fine, Of(status), fine ? null : $"the answer is {status}");
                case CheckType.Tcp when tcp is not null:
                    await ConnectAsync(tcp, container, limit.Token);
                    return new ProbeResult(true, Of(true));
                default:
                    return new ProbeResult(false, NoResult(type), "the check does not say what to do");
            }
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            var reason = limit.Token.IsCancellationRequested ? $"no result within {timeout.TotalSeconds:0.###} s" : e.Message;
            return new ProbeResult(false, type == CheckType.Tcp ? Of(false) : NoResult(type), reason);
        }
    }

    private static async Task<uint> GetAsync(HttpCheck check, IContainer container, CancellationToken cancellation)
    {
        var (host, port) = Where((int)check.Port, check.Protocol, container);
        var path = check.Path is not { Length: > 0 } stated ? "/" : stated[0] == '/' ? stated : "/" + stated;
        using var request = new HttpRequestMessage(HttpMethod.Get,
            new Uri($"{check.Scheme ?? "http"}://{Bracket(host)}:{port}{path}"));
        request.Headers.ConnectionClose = true;
        request.Headers.UserAgent.ParseAdd("lcm-agent");
        using var response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        return (uint)response.StatusCode;
    }

    private static async Task ConnectAsync(TcpCheck check, IContainer container, CancellationToken cancellation)
    {
        var (host, port) = Where((int)check.Port, check.Protocol, container);
        using var client = new TcpClient();
        await client.ConnectAsync(host, port, cancellation);
    }

    private static (string Host, int Port) Where(int port, string? protocol, IContainer container)
    {
        var (host, reached) = container.Reach(port);
        return (string.Equals(protocol, "IPv6", StringComparison.OrdinalIgnoreCase)
            && host.StartsWith("127.", StringComparison.Ordinal) ? "::1" : host, reached);
    }

    private static string Bracket(string host) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;

    private static CheckStatusInfo Command(int code) => new() { Type = CheckType.Command, Command = new(code) };

    private static CheckStatusInfo Of(uint status) => new() { Type = CheckType.Http, Http = new(status) };

    private static CheckStatusInfo Of(bool success) => new() { Type = CheckType.Tcp, Tcp = new(success) };

    /// <summary>A check without a result, in Mesos' form: the kind's part is there and empty.</summary>
    public static CheckStatusInfo NoResult(CheckType type) => type switch
    {
        CheckType.Command => new() { Type = type, Command = new(null) },
        CheckType.Http => new() { Type = type, Http = new(null) },
        _ => new() { Type = type, Tcp = new(null) },
    };
}
