using System.Diagnostics;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Discovery.Proxies;
using LifecycleManager.Testing;

namespace LifecycleManager.Discovery.Tests.Proxies;

public sealed class ProxyFileTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-proxy-").FullName;

    private string Output => Path.Combine(_directory, "proxy.conf");

    private string Reloads => Path.Combine(_directory, "reloads");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task The_proxy_is_told_once_of_each_configuration_and_reads_a_whole_one()
    {
        var file = File("cat \"$FILE\" >/dev/null", $"cat \"$FILE\" >> '{Reloads}'");
        Assert.True(await file.ApplyAsync("one\n", default));
        Assert.False(await file.ApplyAsync("one\n", default));
        Assert.True(await file.ApplyAsync("two\n", default));
        Assert.Equal("one\ntwo\n", await System.IO.File.ReadAllTextAsync(Reloads));

        // Started anew, it cannot know what the proxy has read.
        Assert.True(await File("true", $"cat \"$FILE\" >> '{Reloads}'").ApplyAsync("two\n", default));
        Assert.Equal("one\ntwo\ntwo\n", await System.IO.File.ReadAllTextAsync(Reloads));
    }

    [Fact]
    public async Task What_the_proxy_refuses_does_not_replace_what_it_has()
    {
        var file = File("if grep -q bad \"$FILE\"; then echo line 1 is bad >&2; exit 3; fi", $"cat \"$FILE\" >> '{Reloads}'");
        await file.ApplyAsync("good\n", default);
        var refused = await Assert.ThrowsAsync<ProxyException>(() => file.ApplyAsync("bad\n", default));
        Assert.Contains("ended with 3: line 1 is bad", refused.Message, StringComparison.Ordinal);
        Assert.Equal("good\n", await System.IO.File.ReadAllTextAsync(Output));
        Assert.Equal("good\n", await System.IO.File.ReadAllTextAsync(Reloads));
    }

    [Fact]
    public async Task A_proxy_that_could_not_be_told_is_told_again()
    {
        var away = Path.Combine(_directory, "away");
        await System.IO.File.WriteAllTextAsync(away, "");
        var file = File("true", $"test ! -e '{away}' && echo told >> '{Reloads}'");
        await Assert.ThrowsAsync<ProxyException>(() => file.ApplyAsync("one\n", default));
        System.IO.File.Delete(away);
        Assert.True(await file.ApplyAsync("one\n", default));
        Assert.Equal("told\n", await System.IO.File.ReadAllTextAsync(Reloads));
    }

    [Fact]
    public async Task A_command_that_does_not_end_is_ended()
    {
        var problem = await new ShellCommand("sleep 1000", TimeSpan.FromMilliseconds(100)).RunAsync(Output, default);
        Assert.Contains("did not end", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ProxyKind.Nginx)]
    [InlineData(ProxyKind.HaProxy)]
    public async Task The_proxy_itself_finds_the_configuration_good(ProxyKind kind)
    {
        Server.Executable(kind == ProxyKind.Nginx ? "nginx" : "haproxy");
        var (http, tcp) = (Server.FreePort(), Server.FreePort());
        AppTask[] tasks =
        [
            new() { Id = "t1", AppId = "/shop/web", Host = "127.0.0.1", Ports = [31_000, 31_001],
                ServicePorts = [tcp, Server.FreePort()], State = "TASK_RUNNING" },
            new() { Id = "t2", AppId = "/shop/web", Host = "127.0.0.2", Ports = [31_000, 31_001], ServicePorts = [tcp, 0],
                State = "TASK_RUNNING" },
        ];
        App[] apps = [new() { Id = "/shop/web", Labels =
            new Dictionary<string, string> { ["lcm.proxy.0.vhost"] = "shop.example.com, *.shop.example.com",
                ["lcm.proxy.1.mode"] = "http" } }];
        var text = ProxyConfiguration.Render(kind, tasks, apps, new ProxyOptions { Address = "127.0.0.1", HttpPort = http });
        await File(kind == ProxyKind.Nginx ? $"nginx -t -q -c \"$FILE\" -g 'pid {_directory}/nginx.pid;'"
            : "haproxy -c -q -f \"$FILE\"", "true").ApplyAsync(text, default);
        Assert.Equal(text, await System.IO.File.ReadAllTextAsync(Output));
    }

    [Theory]
    [InlineData(ProxyKind.Nginx)]
    [InlineData(ProxyKind.HaProxy)]
    public async Task The_proxy_starts_where_it_may_open_few_files_and_serves(ProxyKind kind)
    {
        var program = Server.Executable(kind == ProxyKind.Nginx ? "nginx" : "haproxy");
        await using var backend = await FakeServer.StartAsync();
        backend.Answer = _ => (200, "{}");
        var (http, tcp) = (Server.FreePort(), Server.FreePort());
        AppTask[] tasks = [new() { Id = "t1", AppId = "/web", Host = "127.0.0.1", Ports = [backend.Address.Port],
            ServicePorts = [tcp], State = "TASK_RUNNING" }];
        var labels = new Dictionary<string, string> { ["lcm.proxy.0.vhost"] = "web.example.com" };
        await System.IO.File.WriteAllTextAsync(Output,
            ProxyConfiguration.Render(kind, tasks, [new App { Id = "/web", Labels = labels }],
                new ProxyOptions { Address = "127.0.0.1", HttpPort = http }));
        var run = kind == ProxyKind.Nginx ? $"{program} -e stderr -c {Output} -g 'daemon off; pid {_directory}/nginx.pid;'"
            : $"{program} -db -f {Output}";
        using var proxy = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"ulimit -n 512; exec {run}"])
        {
            RedirectStandardError = true,
        })!;
        try
        {
            using var client = new HttpClient();
            await Eventually.TrueAsync(async () =>
            {
                Assert.False(proxy.HasExited, proxy.HasExited ? await proxy.StandardError.ReadToEndAsync() : "");
                try
                {
                    using var direct = await client.GetAsync($"http://127.0.0.1:{tcp}/");
                    using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{http}/");
                    request.Headers.Host = "web.example.com";
                    using var named = await client.SendAsync(request);
                    return direct.IsSuccessStatusCode && named.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            });
        }
        finally
        {
            proxy.Kill(entireProcessTree: true);
        }
    }

    private ProxyFile File(string check, string reload) =>
        new(Output, new ShellCommand(check, Limit), new ShellCommand(reload, Limit));
}
