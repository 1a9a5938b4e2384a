using System.Diagnostics;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests.Harness;

/// <summary>
/// A real nginx or HAProxy, the <c>lcm proxy</c> that tells it where an app is served, and requests through it.
/// </summary>
internal sealed class RunningProxy : IAsyncDisposable
{
    private readonly string _kind;
    private readonly string _directory;
    private readonly Process _proxy;
    private readonly LcmProcess _following;
    private readonly ProxyLoad _load;

    private RunningProxy(string kind, string directory, Process proxy, LcmProcess following, Uri url) =>
        (_kind, _directory, _proxy, _following, _load) = (kind, directory, proxy, following, new ProxyLoad(url));

    /// <summary>Starts it with what the scheduler's apps are now, and has it followed.</summary>
    /// <param name="kind"><c>nginx</c> or <c>haproxy</c>.</param>
    /// <param name="scheduler">The scheduler's address.</param>
    /// <param name="listen">Where it listens: an address of its own, since the ports are the apps'.</param>
    /// <param name="url">What is requested through it.</param>
    public static async Task<RunningProxy> StartAsync(string kind, Uri scheduler, string listen, Uri url)
    {
        var program = Server.Executable(kind);
        var directory = Directory.CreateTempSubdirectory("lcm-e2e-proxy-").FullName;
        var (conf, pid) = (Path.Combine(directory, "proxy.conf"), Path.Combine(directory, "pid"));
        var (check, run, signal) = kind == "nginx"
            ? ($"{program} -t -q -c $FILE -g 'pid {pid};'",
                $"{program} -c {conf} -e {directory}/error.log -g 'daemon off; pid {pid};'", "HUP")
            : ($"{program} -c -q -f $FILE", $"{program} -W -db -f {conf}", "USR2");
        string[] options = ["proxy", "--kind", kind, "--scheduler", scheduler.ToString(), "--output", conf, "--listen", listen,
            "--check", check, "--reload-interval", "500ms"];
        await using (var once = LcmProcess.Start(directory, [.. options, "--once"]))
            Assert.True(await once.ExitAsync(TimeSpan.FromMinutes(2)) == 0, once.Output);
        var proxy = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec " + run]))!;
        var running = new RunningProxy(kind, directory, proxy,
            LcmProcess.Start(directory, [.. options, "--reload", $"kill -{signal} {proxy.Id}"]), url);
        await Eventually.TrueAsync(running._load.IsAnsweredAsync, $"an answer through {kind}",
            more: () => running._following.Output);
        return running;
    }

    /// <summary>Begins the requests.</summary>
    public void Load() => _load.Begin();

    /// <summary>Ends the requests, none of which may have failed.</summary>
    public async Task AssertNoneFailedAsync()
    {
        var (count, failures) = await _load.EndAsync();
        Assert.True(failures.Count == 0,
            $"{_kind}: {failures.Count} of {count} requests failed:\n"
            + $"{string.Join('\n', failures.Take(20))}\n{_following.Output}");
        Assert.True(count > 100, $"{_kind}: only {count} requests");
    }

    public async ValueTask DisposeAsync()
    {
        _load.Dispose();
        await _following.DisposeAsync();
        _proxy.Kill(entireProcessTree: true);
        await _proxy.WaitForExitAsync();
        _proxy.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
