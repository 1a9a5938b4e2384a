using System.Diagnostics;

namespace LifecycleManager.EndToEnd.Tests.Harness;

/// <summary>Waits for what must happen, generously: a limit that only a failure reaches.</summary>
internal static class Eventually
{
    public static async Task<T> GetAsync<T>(Func<Task<T?>> probe, string what, TimeSpan? limit = null, Func<string>? more = null)
        where T : class
    {
        var begin = Stopwatch.GetTimestamp();
        string last = "";
        while (Stopwatch.GetElapsedTime(begin) < (limit ?? TimeSpan.FromSeconds(60)))
        {
            try
            {
                if (await probe() is { } found) return found;
                last = "";
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException or Refit.ApiExceptionBase or System.Text.Json.JsonException
                or System.Net.Sockets.SocketException)
            {
                last = e.Message;
            }

            await Task.Delay(100);
        }

        Assert.Fail($"{what} did not happen; {last}\n{more?.Invoke()}");
        throw new UnreachableException();
    }

    public static Task TrueAsync(Func<Task<bool>> probe, string what, TimeSpan? limit = null, Func<string>? more = null) =>
        GetAsync(async () => await probe() ? "" : null, what, limit, more);
}
