namespace LifecycleManager.Demo;

/// <summary>
/// A stretch of the load: <paramref name="RatePerSecond"/> requests begin each second for <paramref name="Duration"/>.
/// </summary>
public sealed record DemoLoadPhase(string Name, TimeSpan Duration, double RatePerSecond);

/// <summary>What became of the requests so far.</summary>
/// <param name="Ok">Answered with success.</param>
/// <param name="Failed">Refused, broken off, late, or answered with an error.</param>
/// <param name="Skipped">Never sent: no instance ran, or the most requests at a time were already under way.</param>
/// <param name="LastFailure">Why the last failed one did, or null.</param>
public sealed record DemoLoadCounts(long Ok, long Failed, long Skipped, string? LastFailure);

/// <summary>
/// Sends requests to the instances in turn, at a stated rate however slowly they answer (an open loop: a slow service
/// must not hide its load), with a bound on those under way. A request that found nobody goes once more to the next instance,
/// as a load balancer sends it: an instance may end between its being listed and its being asked.
/// </summary>
/// <param name="instances">The running instances at this moment; asked before each request.</param>
/// <param name="client">Sends; its timeout is the requests'. Not disposed here.</param>
/// <param name="time">Paces the requests.</param>
public sealed class DemoLoad(Func<IReadOnlyList<Uri>> instances, HttpClient client, TimeProvider time)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);
    private long _ok;
    private long _failed;
    private long _skipped;
    private long _turn;
    private long _underWay;
    private volatile string? _lastFailure;

    /// <summary>What each request asks of an instance.</summary>
    public string PathAndQuery { get; init; } = "search?origin=NYC&destination=SFO";

    /// <summary>The most requests under way; above it a request is skipped.</summary>
    public int MaxConcurrency { get; init; } = 32;

    /// <summary>The counts at this moment.</summary>
    public DemoLoadCounts Counts =>
        new(Interlocked.Read(ref _ok), Interlocked.Read(ref _failed), Interlocked.Read(ref _skipped), _lastFailure);

    /// <summary>Quiet, busy, quiet: the demo's shape.</summary>
    public static IReadOnlyList<DemoLoadPhase> QuietBusyQuiet(TimeSpan quiet, TimeSpan busy, TimeSpan after, double quietRate,
        double busyRate) =>
        [new("quiet", quiet, quietRate), new("busy", busy, busyRate), new("quiet again", after, quietRate)];

    /// <summary>Runs the phases one after the other, then waits for the last answers.</summary>
    /// <param name="phases">The load's shape.</param>
    /// <param name="begins">Told of each phase as it begins, or null.</param>
    /// <param name="cancellationToken">Ends the load early, without an exception.</param>
    public async Task RunAsync(IEnumerable<DemoLoadPhase> phases, Action<DemoLoadPhase>? begins,
        CancellationToken cancellationToken)
    {
        var requests = new HashSet<Task>();
        using var timer = new PeriodicTimer(Tick, time);
        try
        {
            foreach (var phase in phases)
            {
                begins?.Invoke(phase);
                await RunAsync(phase, timer, requests, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The load's end was asked for.
        }

        await Task.WhenAll(requests);
    }

    private async Task RunAsync(DemoLoadPhase phase, PeriodicTimer timer, HashSet<Task> requests,
        CancellationToken cancellationToken)
    {
        var begin = time.GetTimestamp();
        long begun = 0;
        while (true)
        {
            var elapsed = time.GetElapsedTime(begin);
            var due = (long)(Math.Min(elapsed.TotalSeconds, phase.Duration.TotalSeconds) * phase.RatePerSecond);
            for (; begun < due; begun++)
                if (Next(cancellationToken) is { } request) requests.Add(request);
            if (elapsed >= phase.Duration) return;
            requests.RemoveWhere(request => request.IsCompleted);
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    private Task? Next(CancellationToken cancellationToken)
    {
        var running = instances();
        if (running.Count == 0 || Interlocked.Read(ref _underWay) >= MaxConcurrency)
        {
            Interlocked.Increment(ref _skipped);
            return null;
        }

        Interlocked.Increment(ref _underWay);
        return SendAsync(InTurn(running), cancellationToken);
    }

    private Uri InTurn(IReadOnlyList<Uri> running) =>
        new(running[(int)((Interlocked.Increment(ref _turn) - 1) % running.Count)], PathAndQuery);

    private async Task SendAsync(Uri address, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await GetAsync();
            if (response.IsSuccessStatusCode) Interlocked.Increment(ref _ok);
            else Fail($"{address.Authority} answered {(int)response.StatusCode}");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Broken off by us: neither served nor failed.
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            Fail($"{address.Authority}: {e.Message}");
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }

        async Task<HttpResponseMessage> GetAsync()
        {
            try
            {
                return await client.GetAsync(address, cancellationToken);
            }
            catch (HttpRequestException) when (instances() is { Count: > 0 } running)
            {
                address = InTurn(running);
                return await client.GetAsync(address, cancellationToken);
            }
        }
    }

    private void Fail(string reason)
    {
        _lastFailure = reason;
        Interlocked.Increment(ref _failed);
    }
}
