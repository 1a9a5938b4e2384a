using LifecycleManager.Demo;

namespace LifecycleManager.EndToEnd.Tests.Harness;

/// <summary>Searches sent to the running instances of an app, until it is disposed.</summary>
internal sealed class Load : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly SocketsHttpHandler _handler = new();
    private readonly HttpClient _client;
    private readonly DemoLoad _load;
    private readonly Task _running;
    private readonly Task _following;
    private volatile IReadOnlyList<Uri> _instances = [];

    public Load(Stack stack, string app, double perSecond, TimeSpan longest)
    {
        _client = new HttpClient(_handler) { Timeout = TimeSpan.FromSeconds(10) };
        _load = new DemoLoad(() => _instances, _client, TimeProvider.System);
        _following = FollowAsync(stack, app);
        _running = _load.RunAsync([new DemoLoadPhase("load", longest, perSecond)], null, _stop.Token);
    }

    public DemoLoadCounts Counts => _load.Counts;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running, _following);
        _client.Dispose();
        _handler.Dispose();
        _stop.Dispose();
    }

    /// <summary>Keeps to the instances that run and are not on their way out, as a load balancer does.</summary>
    private async Task FollowAsync(Stack stack, string app)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var tasks = (await stack.Api.GetTasks(_stop.Token)).Tasks;
                _instances =
                [
                    .. tasks.Where(task => task.AppId == app && task.State == "TASK_RUNNING"
                            && task.HealthCheckResults is { Count: > 0 } results && results.All(result => result.Alive))
                        .Select(task => new Uri($"http://{task.Host}:{task.Ports[0]}/")),
                ];
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or Refit.ApiExceptionBase)
            {
                // The scheduler is away: a load balancer goes on with what it knows.
            }

            await Task.Delay(100, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
