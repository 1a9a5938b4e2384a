namespace LifecycleManager.EndToEnd.Tests.Harness;

/// <summary>Requests without a pause, one after the other on kept connections and on new ones, and what became of them.</summary>
internal sealed class ProxyLoad(Uri url) : IDisposable
{
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(20) };
    private readonly CancellationTokenSource _stop = new();
    private Task<(int Count, List<string> Failures)>[] _loops = [];

    public async Task<bool> IsAnsweredAsync()
    {
        try
        {
            using var answer = await _client.GetAsync(url);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public void Begin() => _loops = [RequestAsync(close: false), RequestAsync(close: true), RequestAsync(close: true)];

    public async Task<(int Count, IReadOnlyList<string> Failures)> EndAsync()
    {
        await _stop.CancelAsync();
        var loops = await Task.WhenAll(_loops);
        return (loops.Sum(loop => loop.Count), [.. loops.SelectMany(loop => loop.Failures)]);
    }

    public void Dispose()
    {
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task<(int Count, List<string> Failures)> RequestAsync(bool close)
    {
        var (count, failures) = (0, new List<string>());
        for (; !_stop.IsCancellationRequested; count++)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { ConnectionClose = close } };
                using var answer = await _client.SendAsync(request);
                if (!answer.IsSuccessStatusCode) failures.Add($"{DateTime.Now:HH:mm:ss.fff} {answer.StatusCode}");
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                failures.Add($"{DateTime.Now:HH:mm:ss.fff} {e.Message} {e.InnerException?.Message}");
            }

            await Task.Delay(10);
        }

        return (count, failures);
    }
}
