using System.Collections.Concurrent;
using LifecycleManager.Clients.Addresses;
using LifecycleManager.Clients.Schedulers;
using LifecycleManager.Discovery.Proxies;
using LifecycleManager.Protocol.Marathon;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Discovery.Tests.Proxies;

public sealed class ProxyFollowerTests : IAsyncDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromDays(1);
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-proxy-").FullName;
    private readonly ConcurrentBag<HttpResponse> _listeners = [];
    private readonly WebApplication _scheduler;
    private string _task = "one";

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

    private ProxyFollower Follower(AddressList schedulers, HttpClient http) => new(
        schedulers, MarathonApi.For(http), ProxyKind.HaProxy, new ProxyOptions(),
        new ProxyFile(Output, new ShellCommand("true", TimeSpan.FromMinutes(1)), null), TimeProvider.System,
        NullLoggerFactory.Instance);

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
                    Host = "h",
                    Ports = [31_000],
                    ServicePorts = [10_000],
                    State = "TASK_RUNNING",
                };
                await context.Response.WriteAsJsonAsync(new TaskList([task]), MarathonJson.Default.TaskList);
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
