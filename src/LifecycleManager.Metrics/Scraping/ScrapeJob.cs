using LifecycleManager.Primitives.Timing;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// Something that is asked again and again. One run at a time; a run has a time limit, one retry of a failed connection while the
/// shared budget lasts, and a circuit breaker: after five failures in a row it pauses for two intervals, then four, then eight.
/// </summary>
internal abstract class ScrapeJob
{
    private const int FailuresToOpen = 5;
    private const int MaxPauseIntervals = 8;
    private readonly ResiliencePipeline<int> _pipeline;
    private JobStatus _status = JobStatus.NotYet;

    protected ScrapeJob(ScrapeContext context)
    {
        Context = context;
        var (interval, timeout) = (context.Options.Interval, context.Options.Timeout);
        _pipeline = new ResiliencePipelineBuilder<int> { TimeProvider = new SteadyTime(context.Time) }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<int>
            {
                FailureRatio = 1,
                MinimumThroughput = FailuresToOpen,
                SamplingDuration = AtLeastHalfASecond((interval > timeout ? interval : timeout) * (FailuresToOpen + 3)),
                BreakDurationGenerator = args => new ValueTask<TimeSpan>(
                    AtLeastHalfASecond(interval * (Math.Min(MaxPauseIntervals, 2 << Math.Min(args.HalfOpenAttempts, 2)) - 0.5))),
                ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is not (null or OperationCanceledException
                    or ScrapeException { Reason: FailureReason.Configuration })),
            })
            .AddTimeout(new TimeoutStrategyOptions { Timeout = timeout })
            .AddRetry(new RetryStrategyOptions<int>
            {
                MaxRetryAttempts = 1,
                Delay = TimeSpan.Zero,
                ShouldHandle = args => ValueTask.FromResult(
                    args.Outcome.Exception is ScrapeException { IsTransient: true } && context.Retries.TrySpend()),
            })
            .Build();
    }

    /// <summary>Unique; its hash places the job within the interval.</summary>
    public abstract string Id { get; }

    /// <summary>What it asks, for messages: an address once that is known.</summary>
    public abstract string Address { get; }

    /// <summary>How the last run went.</summary>
    public JobStatus Status => Volatile.Read(ref _status);

    /// <summary>The apps that a run which went well has new samples of.</summary>
    public virtual IReadOnlyCollection<string> Apps => [];

    /// <summary>Whether nobody wants it any more; set by the owner.</summary>
    public bool Removed { get; set; }

    protected ScrapeContext Context { get; }

    /// <summary>Runs once. Never throws.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var start = Context.Time.GetTimestamp();
        var now = Context.Time.GetUtcNow();
        Context.Retries.Earn();
        var span = CollectorTracing.Scrape();
        try
        {
            var samples = await _pipeline.ExecuteAsync(
                static (call, token) => new ValueTask<int>(call.Job.ScrapeAsync(call.Now.ToUnixTimeMilliseconds(), token)),
                (Job: this, Now: now), cancellation);
            Done(new JobStatus(true, null, now, Context.Time.GetElapsedTime(start), samples));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
        catch (BrokenCircuitException)
        {
            // Nothing was asked, so that the last answer's time and reason stay; a repeated note is not added twice.
            const string Note = "paused after repeated failures: ";
            var last = Status;
            var error = last.Error is { } known && known.StartsWith(Note, StringComparison.Ordinal) ? known : Note + last.Error;
            Volatile.Write(ref _status, last with { Up = false, Error = error });
            Context.Metrics.Failed(FailureReason.CircuitOpen);
        }
        catch (TimeoutRejectedException e)
        {
            Fail(FailureReason.Timeout, $"{Address}: no complete answer within {e.Timeout.TotalSeconds:0.###} s");
        }
        catch (ScrapeException e)
        {
            Fail(e.Reason, e.Message);
        }
        catch (Exception e)
        {
            Fail(FailureReason.Internal, $"{Address}: {e.GetType().Name}: {e.Message}");
        }

        CollectorTracing.End(span, Address, Apps.Count == 1 ? Apps.First() : null, Status.Samples, Status.Error);

        void Fail(FailureReason reason, string error)
        {
            Context.Metrics.Failed(reason);
            Done(new JobStatus(false, error, now, Context.Time.GetElapsedTime(start), 0));
        }
    }

    /// <summary>Asks once and stores what was found.</summary>
    /// <param name="now">The scrape's time, milliseconds since 1970.</param>
    /// <param name="cancellation">The time is over.</param>
    /// <returns>How many samples there were, wanted or not.</returns>
    /// <exception cref="ScrapeException">It failed; nothing was stored.</exception>
    protected abstract Task<int> ScrapeAsync(long now, CancellationToken cancellation);

    private void Done(JobStatus status)
    {
        Volatile.Write(ref _status, status);
        Context.Metrics.Scraped(status.Duration, status.Samples);
    }

    private static TimeSpan AtLeastHalfASecond(TimeSpan time) =>
        time < TimeSpan.FromSeconds(0.5) ? TimeSpan.FromSeconds(0.5) : time;
}
