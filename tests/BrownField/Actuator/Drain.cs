namespace BrownField.Actuator;

/// <summary>
/// The order in which an instance stops, so that no request fails when the scheduler scales in: it says that it is not
/// ready, serves on while whoever balances the load finds that out, and only then closes its port.
/// </summary>
internal sealed class Drain(TimeSpan time, TimeProvider clock) : IHostedLifecycleService
{
    private volatile bool _draining;

    /// <summary>Whether the instance wants new requests.</summary>
    public bool Ready => !_draining;

    /// <summary>Sends clients away from their kept-alive connections before those are closed under a request.</summary>
    public Task CloseConnections(HttpContext context, RequestDelegate next)
    {
        // When the answer leaves: it may be the first that says so, and was asked for before.
        context.Response.OnStarting(() =>
        {
            if (_draining) context.Response.Headers.Connection = "close";
            return Task.CompletedTask;
        });
        return next(context);
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _draining = true;
        await Task.Delay(time, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
