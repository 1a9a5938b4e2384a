using LifecycleManager.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Scheduling;

/// <summary>
/// Reads the schedules that people have added while another manager leads, so that this one need not read 100,000 of them once it
/// takes over. What it has is a hint: whoever takes over compares each text with what is stored.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="cache">Gets them.</param>
/// <param name="leads">Whether this manager leads.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Gets what fails.</param>
internal sealed class ScheduleFollower(
    IStateStore store, ScheduleCache cache, Func<bool> leads, TimeProvider time, ILogger<ScheduleFollower> log)
    : BackgroundService
{
    /// <summary>Between two looks at whether any has changed: 10 s.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private string? _edition;

    /// <summary>Reads them, where they are others than at the last look.</summary>
    /// <returns>Whether they were read.</returns>
    public async Task<bool> LookAsync(CancellationToken cancellation)
    {
        var found = await store.GetAsync(ScheduleStore.EditionKey, cancellation);
        var edition = found is null ? null : Convert.ToHexString(found.Value.Span);
        if (edition == _edition) return false;
        var added = ScheduleStore.NewAdded();
        await foreach (var page in store.ListAsync(ScheduleStore.AddedPrefix, cancellation)) added.Load(page);
        cache.Keep([.. added.Entries.Values]);
        _edition = edition;
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                if (!leads()) await LookAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // It is tried again; who takes over reads them all the same.
                log.LogDebug("The schedules that were added cannot be read ahead: {Reason}", e.Message);
            }
        }
    }
}
