using System.Diagnostics;

namespace LifecycleManager.Testing;

/// <summary>
/// HAProxy before schedulers, of one test alone; skips the test where it is missing. It asks for <c>/ping</c> whether one is
/// well, and leads to the first one as long as that is.
/// </summary>
public sealed class HaproxyProcess(params IReadOnlyList<Uri> schedulers) : ServerProcess("haproxy")
{
    private readonly string _executable = Server.Executable("haproxy");

    /// <summary>Where it listens, on the loopback interface.</summary>
    public Uri Address { get; } = new($"http://127.0.0.1:{Server.FreePort()}");

    /// <inheritdoc/>
    protected override ProcessStartInfo Command()
    {
        var file = Path.Combine(Directory, "haproxy.cfg");
        var servers = schedulers.Select((scheduler, i) =>
            $"  server s{i + 1} {scheduler.Authority} check inter 200ms rise 1{(i > 0 ? " backup" : "")}\n");
        File.WriteAllText(file, $"""
            defaults
              mode http
              option redispatch
              timeout connect 5s
              timeout client 1h
              timeout server 1h
              timeout check 30s
            frontend in
              bind 127.0.0.1:{Address.Port}
              default_backend schedulers
            backend schedulers
              option httpchk GET /ping
              http-check expect status 200
            {string.Concat(servers)}
            """);
        return new ProcessStartInfo(_executable, ["-db", "-f", file]);
    }

    /// <inheritdoc/>
    protected override Task<bool> AnswersAsync() => AcceptsAsync(Address.Port);
}
