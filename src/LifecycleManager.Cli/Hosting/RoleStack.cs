using Microsoft.Extensions.Logging;

namespace LifecycleManager.Cli.Hosting;

/// <summary>Roles that one process runs: started in order, stopped in reverse.</summary>
public sealed class RoleStack(ILoggerFactory loggers, TimeProvider time) : IAsyncDisposable
{
    private readonly Stack<RoleHost> _running = new();

    /// <summary>Starts one more role.</summary>
    /// <exception cref="CliException">It cannot start; those before it run on until this is disposed.</exception>
    public async Task StartAsync(Role role, CancellationToken cancellation) =>
        _running.Push(await RoleHost.StartAsync(role, loggers, time, cancellation));

    /// <summary>Stops all, the last started first; one that cannot be stopped keeps no other from it.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_running.TryPop(out var host))
        {
            try
            {
                await host.DisposeAsync();
            }
            catch (Exception e)
            {
                loggers.CreateLogger<RoleStack>().LogError(e, "The {Role} could not be stopped in order", host.Name);
            }
        }
    }
}
