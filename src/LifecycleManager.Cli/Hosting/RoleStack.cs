using LifecycleManager.Runtime.Health;
using LifecycleManager.Runtime.Loops;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Cli.Hosting;

/// <summary>Roles that one process runs: started in order, stopped in reverse.</summary>
internal sealed class RoleStack(ILoggerFactory loggers, TimeProvider time) : IAsyncDisposable
{
    private readonly Stack<Running> _running = new();

    /// <summary>Starts roles, one after the other; those to come are prepared meanwhile, on other processors.</summary>
    /// <exception cref="CliException">One cannot start; those before it run on until this is disposed.</exception>
    public async Task StartAsync(IReadOnlyCollection<Role> roles, CancellationToken cancellation)
    {
        var prepared = new Queue<(Role Role, Task<RoleHost> Host)>(roles.Select(role =>
            (role, Task.Run(() => RoleHost.PrepareAsync(role, loggers, time, cancellation), CancellationToken.None))));
        try
        {
            while (prepared.TryDequeue(out var next))
            {
                var host = await next.Host;
                await host.BeginAsync(cancellation);
                _running.Push(new Running(next.Role, host));
            }
        }
        finally
        {
            // Why these could not be prepared is not asked: one before them is the cause of all.
            foreach (var (role, host) in prepared)
            {
                await ((Task)host).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (host.IsCompletedSuccessfully) await StopAsync(new Running(role, await host));
            }
        }
    }

    /// <summary>Waits until one of the roles says that it cannot go on.</summary>
    /// <exception cref="RoleFailedException">One has.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task UntilFailureAsync(CancellationToken cancellation)
    {
        var failures = _running.Select(running => (running.Role, running.Host!.Failure.Failed)).ToList();
        await Task.WhenAny(failures.Select(failure => failure.Failed)).WaitAsync(cancellation);
        var (role, failed) = failures.First(failure => failure.Failed.IsCompleted);
        throw new RoleFailedException(role.Name, await failed);
    }

    /// <summary>Begins each role that says that it cannot go on again, alone; the others run on. Until cancelled.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task KeepAsync(CancellationToken cancellation)
    {
        await Task.WhenAll(_running.Select(running => KeepAsync(running, cancellation)));
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>Stops all, the last started first; one that cannot be stopped keeps no other from it.</summary>
    public async ValueTask DisposeAsync()
    {
        while (_running.TryPop(out var running)) await StopAsync(running);
    }

    private async Task KeepAsync(Running running, CancellationToken cancellation)
    {
        // Its own health is gone with it while it is down: nobody answers on its port, which is as plain.
        using var supervisor = new Supervisor($"the {running.Role.Name}", time, new RoleHealth(time),
            loggers.CreateLogger<RoleStack>());
        await supervisor.RunAsync(
            async stop =>
            {
                running.Host ??= await RoleHost.StartAsync(running.Role, loggers, time, stop);
                var cause = await running.Host.Failure.Failed.WaitAsync(stop);
                await StopAsync(running);
                throw new RoleFailedException(running.Role.Name, cause);
            },
            cancellation);
    }

    private async Task StopAsync(Running running)
    {
        if (running.Host is not { } host) return;
        running.Host = null;
        try
        {
            await host.DisposeAsync();
        }
        catch (Exception e)
        {
            loggers.CreateLogger<RoleStack>().LogError(e, "The {Role} could not be stopped in order", host.Name);
        }
    }

    private sealed class Running(Role role, RoleHost host)
    {
        public Role Role { get; } = role;

        public RoleHost? Host { get; set; } = host;
    }
}

/// <summary>A role cannot go on within its process.</summary>
/// <param name="role">The role.</param>
/// <param name="cause">Why.</param>
internal sealed class RoleFailedException(string role, Exception cause)
    : Exception($"the {role} has failed: {cause.Message}", cause);
