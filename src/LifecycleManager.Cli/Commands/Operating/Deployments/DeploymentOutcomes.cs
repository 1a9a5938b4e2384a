using System.Collections.Concurrent;
using LifecycleManager.Cli.Commands.Operating.Calls;

namespace LifecycleManager.Cli.Commands.Operating.Deployments;

/// <summary>
/// Hears from the scheduler's events how deployments end: a deployment that is done is gone from the list, however it went.
/// Opened before a change is made, it misses none; where the stream breaks it is opened again, and what came meanwhile is missed.
/// </summary>
internal sealed class DeploymentOutcomes : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, string?> _ended = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _end;
    private readonly Task _work;

    private DeploymentOutcomes(Endpoint scheduler, HttpResponseMessage first, CancellationToken stop)
    {
        _end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _work = Task.Run(() => FollowAsync(scheduler, first, _end.Token), CancellationToken.None);
    }

    /// <summary>Begins to hear.</summary>
    public static async Task<DeploymentOutcomes> OpenAsync(Endpoint scheduler, CancellationToken stop) =>
        new(scheduler, await SubscribeAsync(scheduler, stop), stop);

    /// <summary>Whether an end was heard of, and why where it failed.</summary>
    public bool HasEnded(string id, out string? failure) => _ended.TryGetValue(id, out failure);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private static Task<HttpResponseMessage> SubscribeAsync(Endpoint scheduler, CancellationToken stop) => scheduler.OpenAsync(
        "/v2/events?plan-format=light&event_type=deployment_success&event_type=deployment_failed", stop, "text/event-stream");

    private async Task FollowAsync(Endpoint scheduler, HttpResponseMessage first, CancellationToken stop)
    {
        for (var answer = first; ;)
        {
            try
            {
                using (answer ??= await SubscribeAsync(scheduler, stop))
                {
                    await foreach (var (type, _, data) in ServerEvents.ReadAsync(answer, stop))
                    {
                        if ((string?)data["id"] is { } id)
                            _ended[id] = type == "deployment_failed" ? (string?)data["reason"] ?? "it gives no reason" : null;
                    }
                }
            }
            catch (Exception) when (!stop.IsCancellationRequested)
            {
                // Whoever waits asks for the state as well, and tells of a scheduler that is away.
            }

            answer = null;
            await Task.Delay(Pause, stop);
        }
    }
}
