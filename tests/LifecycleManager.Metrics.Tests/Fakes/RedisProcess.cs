using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using LifecycleManager.Testing;

namespace LifecycleManager.Metrics.Tests.Fakes;

/// <summary>A Redis server of one test alone; skips the test where Redis is missing.</summary>
/// <param name="password">What it asks for; null for nothing.</param>
internal sealed class RedisProcess(string? password = null) : ServerProcess("redis")
{
    private readonly string _executable = Server.Executable("redis-server");

    public int Port { get; } = Server.FreePort();

    protected override ProcessStartInfo Command()
    {
        List<string> options =
        [
            "--port", Port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--dir", Directory,
        ];
        if (password is not null) options.AddRange(["--requirepass", password]);
        return new ProcessStartInfo(_executable, options);
    }

    protected override async Task<bool> AnswersAsync()
    {
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync("127.0.0.1", Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
