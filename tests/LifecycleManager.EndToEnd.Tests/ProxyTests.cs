using System.Diagnostics;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Testing;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary><c>lcm proxy</c> before a real nginx.</summary>
public sealed class ProxyTests
{
    [Fact]
    public async Task No_request_fails_and_no_connection_ends_while_an_app_scales_behind_nginx()
    {
        var nginx = Server.Executable("nginx");
        var directory = Directory.CreateTempSubdirectory("lcm-e2e-proxy-").FullName;
        var (conf, pid, port) = (Path.Combine(directory, "nginx.conf"), Path.Combine(directory, "nginx.pid"), Server.FreePort());
        await using var stack = await Stack.UpAsync();
        var app = SampleApps.SearchProcess("/shop/search", 1, "--drain 5s").Replace("\"cpus\"",
            $"\"portDefinitions\": [{{\"port\": {port}}}], \"taskKillGracePeriodSeconds\": 60, \"cpus\"",
            StringComparison.Ordinal);
        using var posted = await stack.PostAsync(app);
        Assert.True(posted.IsSuccessStatusCode, await posted.Content.ReadAsStringAsync());
        await stack.InstancesAsync("/shop/search", 1);

        string[] options = ["proxy", "--scheduler", stack.Scheduler.BaseAddress!.ToString(), "--output", conf, "--listen",
            "127.0.0.1",
            "--check", $"{nginx} -t -q -c $FILE -g 'pid {pid};'", "--reload-interval", "500ms"];
        await using (var once = LcmProcess.Start(directory, [.. options, "--once"])) Assert.Equal(0,
            await once.ExitAsync(TimeSpan.FromMinutes(1)));
        using var proxy =
            Process.Start(new ProcessStartInfo(nginx, ["-c", conf, "-e", Path.Combine(directory, "error.log"), "-g",
                $"daemon off; pid {pid};"]))!;
        try
        {
            await using var following = LcmProcess.Start(directory,
                [.. options, "--reload", $"kill -HUP {proxy.Id} && echo reloaded >> reloads"]);

            // One connection that is kept for the whole time, and a new one for every other request.
            using var kept = new HttpClient(new SocketsHttpHandler
            {
                MaxConnectionsPerServer = 1,
                ConnectCallback = Counting(out var connections)
            });
            using var fresh = new HttpClient();
            var url = new Uri($"http://127.0.0.1:{port}/admin/health");
            await Eventually.TrueAsync(async () => (await kept.GetAsync(url)).IsSuccessStatusCode, "an answer through nginx",
                more: () => following.Output);
            await ReloadsAsync(1);
            using var stop = new CancellationTokenSource();
            var requests = Task.WhenAll(RequestAsync(kept, close: false), RequestAsync(fresh, close: true),
                RequestAsync(fresh, close: true));

            foreach (var instances in (int[])[3, 1, 2])
            {
                await Eventually.TrueAsync(
                    async () => await stack.Api.UpdateApp("shop/search", new App { Instances = instances }) is not null,
                    "the end of the deployment before");
                await stack.InstancesAsync("/shop/search", instances, TimeSpan.FromMinutes(2));
                await Eventually.TrueAsync(
                    () => Task.FromResult(File.ReadAllText(conf).Split(" max_fails").Length - 1 == instances),
                    $"{instances} servers in the configuration", more: () => following.Output);
            }

            await ReloadsAsync(4);
            await stop.CancelAsync();
            var (count, failures) = (await requests).Aggregate((0, (IReadOnlyList<string>)[]),
                (a, b) => (a.Item1 + b.Count, [.. a.Item2, .. b.Failures]));
            Assert.True(failures.Count == 0,
                $"{failures.Count} of {count} requests failed:\n{string.Join('\n', failures.Take(20))}\n{following.Output}");
            Assert.True(count > 100, $"only {count} requests");
            Assert.Equal(1, connections.Count);

            Task ReloadsAsync(int count) => Eventually.TrueAsync(
                () => Task.FromResult(File.Exists(Path.Combine(directory, "reloads"))
                    && File.ReadAllLines(Path.Combine(directory, "reloads")).Length >= count),
                $"{count} reloads", more: () => following.Output);

            async Task<(int Count, List<string> Failures)> RequestAsync(HttpClient client, bool close)
            {
                var (count, failures) = (0, new List<string>());
                while (!stop.IsCancellationRequested)
                {
                    try
                    {
                        using var request = new HttpRequestMessage(HttpMethod.Get,
                            new Uri(url, close ? "/search?origin=NYC&destination=SFO" : "/admin/health"))
                        {
                            Headers = { ConnectionClose = close }
                        };
                        using var answer = await client.SendAsync(request);
                        if (!answer.IsSuccessStatusCode) failures.Add($"{answer.StatusCode}");
                    }
                    catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
                    {
                        failures.Add($"{e.Message} {e.InnerException?.Message}");
                    }

                    count++;
                    await Task.Delay(20);
                }

                return (count, failures);
            }
        }
        finally
        {
            proxy.Kill(entireProcessTree: true);
            await proxy.WaitForExitAsync();
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task What_stands_in_the_way_is_one_line()
    {
        var directory = Directory.CreateTempSubdirectory("lcm-e2e-proxy-").FullName;
        try
        {
            foreach (var (arguments, error) in new (string[], string)[]
            {
                (["proxy"], "--output FILE is needed"),
                (["proxy", "--output", "nowhere/x.conf"], "there is no directory"),
                (["proxy", "--once", "--output", "x.conf", "--scheduler", $"http://127.0.0.1:{Server.FreePort()}"],
                    "no scheduler answers"),
                (["proxy", "--kind", "apache", "--output", "x.conf"], "nginx, haproxy are known"),
            })
            {
                await using var lcm = LcmProcess.Start(directory, arguments);
                Assert.Equal(1, await lcm.ExitAsync(TimeSpan.FromMinutes(1)));
                Assert.Contains(error, lcm.Output, StringComparison.Ordinal);
                Assert.DoesNotContain("   at ", lcm.Output, StringComparison.Ordinal);
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> Counting(out Counter counter)
    {
        var made = counter = new Counter();
        return async (context, cancellation) =>
        {
            var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream,
                System.Net.Sockets.ProtocolType.Tcp)
            { NoDelay = true };
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            made.Count++;
            return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
        };
    }

    private sealed class Counter
    {
        public int Count { get; set; }
    }
}
