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
        while (_count > 0 && (greatest ? Last.Value <= value : Last.Value >= value)) _count--;
        Push((now, value));
        while (_count > 1 && _kept[_first].At <= now - window) Drop();
        return _kept[_first].Value;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear() => _count = 0;

    private readonly (DateTimeOffset At, int Value) Last => _kept[(_first + _count - 1) % _kept.Length];

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
