namespace LifecycleManager.Decisions.Engine;

/// <summary>
/// The greatest (or least) of the numbers of a sliding window. It keeps only those that may yet be the greatest, so a steady
/// series takes one place whatever the window's length.
/// </summary>
internal struct ExtremeWindow(bool greatest)
{
    private (DateTimeOffset At, int Value)[] _kept = [];
    private int _first;
    private int _count;

    /// <summary>Adds this instant's number and gives the extreme of the window that ends now, its old edge excluded.</summary>
    public int Add(DateTimeOffset now, int value, TimeSpan window)
    {
        // What a clock that was set back put into the future would stay for ever.
        while (_count > 0 && Last.At > now) _count--;
        Append(now, value);
        while (_count > 1 && _kept[_first].At <= now - window) Drop();
        return _kept[_first].Value;
    }

    /// <summary>When the extreme was added that the last <see cref="Add"/> gave.</summary>
    public readonly DateTimeOffset Oldest => _kept[_first].At;

    /// <summary>Forgets everything.</summary>
    public void Clear() => _count = 0;

    /// <summary>How many numbers it keeps.</summary>
    public readonly int Count => _count;

    /// <summary>What it keeps, oldest first.</summary>
    public readonly (DateTimeOffset At, int Value) this[int i] => _kept[(_first + i) % _kept.Length];

    /// <summary>The newest instant; the least there is where nothing is kept.</summary>
    public readonly DateTimeOffset Newest => _count > 0 ? Last.At : DateTimeOffset.MinValue;

    /// <summary>Begins with what another one has kept, oldest first.</summary>
    public void Restore(IEnumerable<(DateTimeOffset At, int Value)> entries)
    {
        _count = 0;
        foreach (var (at, value) in entries) Append(at, value);
    }

    private readonly (DateTimeOffset At, int Value) Last => _kept[(_first + _count - 1) % _kept.Length];

    private void Append(DateTimeOffset at, int value)
    {
        while (_count > 0 && (greatest ? Last.Value <= value : Last.Value >= value)) _count--;
        Push((at, value));
    }

    private void Push((DateTimeOffset, int) entry)
    {
        if (_count == _kept.Length)
        {
            var larger = new (DateTimeOffset, int)[Math.Max(4, _count * 2)];
            for (var i = 0; i < _count; i++) larger[i] = _kept[(_first + i) % _kept.Length];
            (_kept, _first) = (larger, 0);
        }

        _kept[(_first + _count++) % _kept.Length] = entry;
    }

    private void Drop()
    {
        _first = (_first + 1) % _kept.Length;
        _count--;
    }
}
