using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace LifecycleManager.Testing;

/// <summary>Waits for what must happen, generously: a limit that only a failure reaches.</summary>
public static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ShortPause = TimeSpan.FromMilliseconds(5);

    /// <summary>Asks until there is an answer. What the question throws counts as none, but for a failed assertion.</summary>
    /// <param name="probe">The question.</param>
    /// <param name="what">What is waited for, for the failure.</param>
    /// <param name="limit">How long; two minutes where nothing is stated.</param>
    /// <param name="more">More for the failure.</param>
    public static async Task<T> GetAsync<T>(Func<Task<T?>> probe, string what, TimeSpan? limit = null, Func<string>? more = null)
        where T : class
    {
        var begin = Stopwatch.GetTimestamp();
        var pause = ShortPause;
        string last = "";
        while (Stopwatch.GetElapsedTime(begin) < (limit ?? Limit))
        {
            try
            {
                if (await probe() is { } found) return found;
                last = "";
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                last = e.ToString();
            }

            await Task.Delay(pause);
            pause = pause * 2 < Pause ? pause * 2 : Pause;
        }

        Assert.Fail($"{what} did not happen; {last}\n{more?.Invoke()}");
        throw new UnreachableException();
    }

    /// <summary>Asks until it is true.</summary>
    /// <inheritdoc cref="GetAsync" path="/param" />
    public static Task TrueAsync(
        Func<Task<bool>> probe, [CallerArgumentExpression(nameof(probe))] string what = "", TimeSpan? limit = null,
        Func<string>? more = null) =>
        GetAsync(async () => await probe() ? "" : null, what, limit, more);

    /// <summary>Asks until it is true.</summary>
    /// <inheritdoc cref="GetAsync" path="/param" />
    public static Task TrueAsync(
        Func<bool> probe, [CallerArgumentExpression(nameof(probe))] string what = "", TimeSpan? limit = null,
        Func<string>? more = null) =>
        TrueAsync(() => Task.FromResult(probe()), what, limit, more);
}
