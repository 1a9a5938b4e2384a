using System.Diagnostics;
using System.Globalization;
using LifecycleManager.Testing;

namespace LifecycleManager.Metrics.Tests.Fakes;

/// <summary>A Redis server of one test alone; skips the test where Redis is missing.</summary>
/// <param name="password">What it asks for; null for nothing.</param>
/// <param name="tls">Its certificate and key, and the authority of the clients' certificates, as files; null for no TLS.</param>
internal sealed class RedisProcess(string? password = null, (string Certificate, string Key, string Authority)? tls = null)
    : ServerProcess("redis")
{
    private readonly string _executable = Server.Executable("redis-server");

    public int Port { get; } = Server.FreePort();

    protected override ProcessStartInfo Command()
    {
        List<string> options =
        [
            tls is null ? "--port" : "--tls-port", Port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1",
            "--save", "", "--appendonly", "no", "--dir", Directory,
        ];
        if (tls is var (certificate, key, authority))
        {
            options.AddRange([
                "--port", "0", "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", authority,
            ]);
        }

        if (password is not null) options.AddRange(["--requirepass", password]);
        return new ProcessStartInfo(_executable, options);
    }

    protected override Task<bool> AnswersAsync() => AcceptsAsync(Port);
}
