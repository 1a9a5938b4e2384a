using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Scheduler.Core.Placement;

/// <summary>The free ports of one agent: sorted, disjoint, inclusive ranges. Mutable; taking a port splits a range.</summary>
internal sealed class PortSet
{
    private readonly List<(int Begin, int End)> _ranges;

    /// <summary>From ranges in any order; overlaps are joined, and what is no port is left out.</summary>
    public PortSet(IEnumerable<ValueRange> ranges)
    {
        _ranges = [];
        foreach (var (begin, end) in ranges.Where(range => range.Begin <= range.End && range.Begin <= 65_535)
            .OrderBy(range => range.Begin))
        {
            var (from, to) = ((int)begin, (int)Math.Min(end, 65_535));
            if (_ranges.Count > 0 && from <= _ranges[^1].End + 1)
                _ranges[^1] = (_ranges[^1].Begin, Math.Max(_ranges[^1].End, to));
            else _ranges.Add((from, to));
        }

        foreach (var (begin, end) in _ranges) Count += end - begin + 1;
    }

    private PortSet(PortSet other) => (_ranges, Count) = ([.. other._ranges], other.Count);

    /// <summary>How many are free.</summary>
    public int Count { get; private set; }

    /// <summary>A copy.</summary>
    public PortSet Clone() => new(this);

    /// <summary>Whether a port is free.</summary>
    public bool Contains(int port) => Find(port) >= 0;

    /// <summary>Takes a port.</summary>
    /// <returns>False when it is not free.</returns>
    public bool Take(int port)
    {
        var index = Find(port);
        if (index < 0) return false;
        var (begin, end) = _ranges[index];
        if (begin == end) _ranges.RemoveAt(index);
        else if (port == begin) _ranges[index] = (begin + 1, end);
        else if (port == end) _ranges[index] = (begin, end - 1);
        else
        {
            _ranges[index] = (begin, port - 1);
            _ranges.Insert(index + 1, (port + 1, end));
        }

        Count--;
        return true;
    }

    /// <summary>The free port at a position in ascending order.</summary>
    /// <param name="position">From 0 to <see cref="Count"/> - 1.</param>
    public int At(int position)
    {
        foreach (var (begin, end) in _ranges)
        {
            var length = end - begin + 1;
            if (position < length) return begin + position;
            position -= length;
        }

        throw new ArgumentOutOfRangeException(nameof(position));
    }

    /// <summary>Gives a port back.</summary>
    public void Return(int port)
    {
        var index = 0;
        while (index < _ranges.Count && _ranges[index].Begin <= port) index++;
        if (index > 0 && _ranges[index - 1].End >= port) return;
        var joinsLeft = index > 0 && _ranges[index - 1].End == port - 1;
        var joinsRight = index < _ranges.Count && _ranges[index].Begin == port + 1;
        if (joinsLeft && joinsRight)
        {
            _ranges[index - 1] = (_ranges[index - 1].Begin, _ranges[index].End);
            _ranges.RemoveAt(index);
        }
        else if (joinsLeft) _ranges[index - 1] = (_ranges[index - 1].Begin, port);
        else if (joinsRight) _ranges[index] = (port, _ranges[index].End);
        else _ranges.Insert(index, (port, port));
        Count++;
    }

    private int Find(int port)
    {
        int low = 0, high = _ranges.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var (begin, end) = _ranges[middle];
            if (port < begin) high = middle - 1;
            else if (port > end) low = middle + 1;
            else return middle;
        }

        return -1;
    }
}
