namespace LifecycleManager.Console.Logs;

/// <summary>
/// The last lines of all logs of a page, in the order in which they came. Bounded in lines and in characters, whatever is
/// written. For any number of threads.
/// </summary>
internal sealed class LogBuffer
{
    /// <summary>Lines that a page holds.</summary>
    public const int MostLines = 5_000;

    /// <summary>Characters that a page holds: half a megabyte of text is a megabyte.</summary>
    public const int MostCharacters = 512 * 1024;

    private readonly Lock _gate = new();
    private readonly Queue<LogLine> _lines = new();
    private int _characters;
    private long _count;

    /// <summary>How many lines have come, those that have gone among them.</summary>
    public long Count
    {
        get
        {
            lock (_gate) return _count;
        }
    }

    /// <summary>How many of them are no longer held.</summary>
    public long Gone
    {
        get
        {
            lock (_gate) return _count - _lines.Count;
        }
    }

    /// <summary>Adds a line.</summary>
    public void Add(string source, LogKind kind, string text)
    {
        lock (_gate)
        {
            _lines.Enqueue(new LogLine(++_count, source, kind, text));
            _characters += text.Length;
            while (_lines.Count > MostLines || (_characters > MostCharacters && _lines.Count > 1))
                _characters -= _lines.Dequeue().Text.Length;
        }
    }

    /// <summary>Forgets all lines.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _lines.Clear();
            (_characters, _count) = (0, 0);
        }
    }

    /// <summary>The lines that are held.</summary>
    /// <param name="find">Those with this text in them, of any case; empty for all. Words of the page's own stay.</param>
    public IReadOnlyList<LogLine> Read(string find)
    {
        lock (_gate)
        {
            return find.Length == 0 ? [.. _lines]
                : [.. _lines.Where(line => line.Kind == LogKind.Note
                    || line.Text.Contains(find, StringComparison.OrdinalIgnoreCase))];
        }
    }
}
