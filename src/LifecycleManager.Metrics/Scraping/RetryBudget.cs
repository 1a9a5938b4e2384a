namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// Retries that all targets share: each scrape earns a tenth of one, at most ten are saved. When a whole network fails, the
/// collector's requests grow by a tenth, not by double.
/// </summary>
internal sealed class RetryBudget
{
    private const int Cost = 10;
    private const int MaxTokens = 10 * Cost;
    private int _tokens = MaxTokens;

    public void Earn()
    {
        var tokens = Volatile.Read(ref _tokens);
        if (tokens < MaxTokens) Interlocked.CompareExchange(ref _tokens, tokens + 1, tokens);
    }

    public bool TrySpend()
    {
        while (true)
        {
            var tokens = Volatile.Read(ref _tokens);
            if (tokens < Cost) return false;
            if (Interlocked.CompareExchange(ref _tokens, tokens - Cost, tokens) == tokens) return true;
        }
    }
}
