namespace BrownField.Actuator;

/// <summary>
/// Transactions per minute over a sliding window, counted in sixty slots. A window shorter than a minute answers sooner
/// and is scaled up: 20 transactions in 10 s are 120 per minute.
/// </summary>
internal sealed class TransactionRate(TimeSpan window, TimeProvider time)
{
    private const int Slots = 60;
    private readonly Lock _lock = new();
    private readonly long[] _counts = new long[Slots];
    private readonly long _slotLength = Math.Max(1, (long)(window.TotalSeconds * time.TimestampFrequency / Slots));
    private readonly double _perMinute = TimeSpan.FromMinutes(1) / window;
    private long _slot;
    private long _sum;

    /// <summary>Counts one transaction now.</summary>
    public void Record()
    {
        lock (_lock)
        {
            Advance();
            _counts[_slot % Slots]++;
            _sum++;
        }
    }

    /// <summary>The rate over the window that ends now; a young instance counts the time before its start as idle.</summary>
    public double PerMinute
    {
        get
        {
            lock (_lock)
            {
                Advance();
                return _sum * _perMinute;
            }
        }
    }

    private void Advance()
    {
        var now = time.GetTimestamp() / _slotLength;
        for (var steps = Math.Min(now - _slot, Slots); steps > 0; steps--)
        {
            ref var expired = ref _counts[(now - steps + 1) % Slots];
            _sum -= expired;
            expired = 0;
        }

        _slot = Math.Max(_slot, now);
    }
}
