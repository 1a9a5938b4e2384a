using Polly;
using Polly.Retry;

namespace LifecycleManager.Runtime.Reconnecting;

/// <summary>
/// The one backoff: doubling pauses with decorrelated jitter, so that a thousand peers do not return to a restarted server at one
/// moment.
/// </summary>
/// <remarks>Polly's decorrelated jitter (<c>UseJitter</c> with exponential delays).</remarks>
public static class Reconnect
{
    /// <summary>Repeats an attempt until it succeeds or is cancelled.</summary>
    /// <param name="first">The median of the first pause, more than zero.</param>
    /// <param name="longest">The longest pause, a day at most.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">The jitter; used by one thread at a time.</param>
    /// <param name="failed">Told of each failure, before the pause: the cause, how many attempts have failed in a row, and the
    /// pause.</param>
    /// <param name="repeats">Which failures are worth another attempt; null for all; none once the caller has cancelled.</param>
    public static ResiliencePipeline Pipeline(
        TimeSpan first, TimeSpan longest, TimeProvider time, Random random, Action<Exception, int, TimeSpan>? failed = null,
        Func<Exception, bool>? repeats = null)
    {
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(first, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(longest, first);
        return new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = first,
                MaxDelay = longest,
                Randomizer = random.NextDouble,
                ShouldHandle = attempt => ValueTask.FromResult(
                    attempt.Outcome.Exception is { } problem && !attempt.Context.CancellationToken.IsCancellationRequested
                    && repeats?.Invoke(problem) != false),
                OnRetry = attempt =>
                {
                    failed?.Invoke(attempt.Outcome.Exception!, attempt.AttemptNumber + 1, attempt.RetryDelay);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }
}
