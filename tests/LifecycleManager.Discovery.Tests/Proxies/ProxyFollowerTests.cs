using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Clients.Schedulers;
using LifecycleManager.Discovery.Proxies;
using LifecycleManager.Protocol.Marathon;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Discovery.Tests.Proxies;

public sealed class ProxyFollowerTests : IAsyncDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromDays(1);
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-proxy-").FullName;
    private readonly ConcurrentBag<HttpResponse> _listeners = [];
    private readonly WebApplication _scheduler;
    private readonly HashSet<string> _unknown = [];
    private readonly RecordingLog _log = new();
    private ProxyKind _kind = ProxyKind.HaProxy;
    private string _check = "true";
    private string _task = "one";
    private string? _other;

    public ProxyFollowerTests()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _scheduler = builder.Build();
        _scheduler.Run(AnswerAsync);
    }

    private string Output => Path.Combine(_directory, "proxy.conf");

    public async ValueTask DisposeAsync()
    {
        _log.Dispose();
        await _scheduler.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task An_event_brings_the_proxy_to_what_runs_and_a_dead_scheduler_is_passed_over()
    {
        await _scheduler.StartAsync();
        var schedulers = new AddressList(new Uri($"http://127.0.0.1:{Server.FreePort()}"), new Uri(_scheduler.Urls.Single()));
        using var http = SchedulerHttp.Create(schedulers);
        using var stop = new CancellationTokenSource();
        var running = Follower(schedulers, http).RunAsync(Long, TimeSpan.Zero, stop.Token);

        await WrittenAsync("one");
        await Eventually.TrueAsync(() => !_listeners.IsEmpty);
        _task = "two";
        await Eventually.TrueAsync(async () =>
        {
            foreach (var listener in _listeners)
            {
                await listener.WriteAsync("event: instance_changed_event\ndata: {}\n\n");
                await listener.Body.FlushAsync();
            }

            return await IsWrittenAsync("two");
        });
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Where_no_scheduler_answers_it_says_so_and_the_configuration_stays()
    {
        var schedulers = new AddressList(new Uri($"http://127.0.0.1:{Server.FreePort()}"));
        using var http = SchedulerHttp.Create(schedulers);
        await File.WriteAllTextAsync(Output, "as it was");

        var problem = await Assert.ThrowsAsync<ProxyException>(() => Follower(schedulers, http).OnceAsync(default));

        Assert.StartsWith("no scheduler answers: ", problem.Message, StringComparison.Ordinal);
        Assert.Equal("as it was", await File.ReadAllTextAsync(Output));
    }

    [Theory]
    [InlineData(ProxyKind.Nginx)]
    [InlineData(ProxyKind.HaProxy)]
    public async Task One_agent_whose_name_is_nowhere_freezes_no_proxy(ProxyKind kind)
    {
        var program = Server.Executable(kind == ProxyKind.Nginx ? "nginx" : "haproxy");
        (_kind, _other) = (kind, "nowhere.invalid");
        _check = kind == ProxyKind.Nginx ? $"{program} -t -q -c \"$FILE\" -g 'pid {_directory}/nginx.pid;'"
            : $"{program} -c -q -f \"$FILE\"";
        await _scheduler.StartAsync();
        var schedulers = new AddressList(new Uri(_scheduler.Urls.Single()));
        using var http = SchedulerHttp.Create(schedulers);

        // The proxies themselves refuse all of it for the one name.
        await Assert.ThrowsAsync<ProxyException>(() => Follower(schedulers, http).OnceAsync(default));
        _unknown.Add(_other);
        var follower = Follower(schedulers, http);
        Assert.True(await follower.OnceAsync(default));
        var text = await File.ReadAllTextAsync(Output);
        Assert.StartsWith("# 1 instances are left out, whose hosts cannot be resolved: nowhere.invalid\n", text,
            StringComparison.Ordinal);
        Assert.Contains("127.0.0.1:31000", text, StringComparison.Ordinal);
        Assert.DoesNotContain("nowhere.invalid:31000", text, StringComparison.Ordinal);

        Assert.False(await follower.OnceAsync(default));
        Assert.Single(_log.Lines, line => line.Contains(
            "1 instances are left out of the proxy's configuration, since their hosts cannot be resolved: nowhere.invalid",
                StringComparison.Ordinal));
    }

    private ProxyFollower Follower(AddressList schedulers, HttpClient http) => new(
        schedulers, MarathonApi.For(http), _kind, new ProxyOptions { Address = "127.0.0.1" },
        new ProxyFile(Output, new ShellCommand(_check, TimeSpan.FromMinutes(1)), null),
        new HostNames((name, _) => _unknown.Contains(name)
            ? Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound))
            : Task.FromResult<IPAddress[]>([IPAddress.Loopback]), TimeProvider.System),
        TimeProvider.System, _log);

    private Task WrittenAsync(string task) => Eventually.TrueAsync(() => IsWrittenAsync(task));

    private async Task<bool> IsWrittenAsync(string task) =>
        File.Exists(Output) && (await File.ReadAllTextAsync(Output)).Contains($"server {task} ", StringComparison.Ordinal);

    private async Task AnswerAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/v2/apps":
                await context.Response.WriteAsJsonAsync(new AppList([]), MarathonJson.Default.AppList);
                break;
            case "/v2/tasks":
                var task = new AppTask
                {
                    Id = _task,
                    AppId = "/shop",
                    Host = _other is null ? "h" : "127.0.0.1",
                    Ports = [31_000],
                    ServicePorts = [10_000],
                    State = "TASK_RUNNING",
                };
                AppTask[] tasks = _other is null ? [task] : [task, task with { Id = "other", Host = _other }];
                await context.Response.WriteAsJsonAsync(new TaskList(tasks), MarathonJson.Default.TaskList);
                break;
            default:
                context.Response.ContentType = "text/event-stream";
                await context.Response.StartAsync();
                _listeners.Add(context.Response);
                await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                break;
        }
    }
}
