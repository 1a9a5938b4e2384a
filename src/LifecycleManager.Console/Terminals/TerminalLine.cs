using System.Text;

namespace LifecycleManager.Console.Terminals;

/// <summary>A line of a terminal's screen.</summary>
public sealed class TerminalLine
{
    private (char Text, TerminalStyle Style)[] _cells;

    /// <summary>An empty line.</summary>
    /// <param name="columns">Its characters.</param>
    public TerminalLine(int columns)
    {
        _cells = new (char, TerminalStyle)[columns];
        Array.Fill(_cells, (' ', default));
    }

    /// <summary>Another one after each change.</summary>
    public int Revision { get; private set; }

    /// <summary>Its characters.</summary>
    public int Columns => _cells.Length;

    /// <summary>Its text, without what is empty at its end.</summary>
    public string Text
    {
        get
        {
            var text = new StringBuilder(_cells.Length);
            foreach (var cell in _cells) text.Append(cell.Text);
            return text.ToString().TrimEnd(' ');
        }
    }

    /// <summary>Puts a character; beside the line nothing is put.</summary>
    public void Put(int column, char text, TerminalStyle style)
    {
        if (column < 0 || column >= _cells.Length) return;
        _cells[column] = (text, style);
        Revision++;
    }

    /// <summary>Empties a part.</summary>
    public void Erase(int from, int to, TerminalStyle style)
    {
        for (var i = Math.Max(0, from); i < Math.Min(to, _cells.Length); i++) _cells[i] = (' ', style);
        Revision++;
    }

    /// <summary>Moves what is from a column on to the right, or with a negative number to the left.</summary>
    public void Shift(int from, int by, TerminalStyle style)
    {
        var before = _cells.ToArray();
        for (var i = from; i < _cells.Length; i++)
            _cells[i] = i - by >= from && i - by < before.Length ? before[i - by] : (' ', style);
        Revision++;
    }

    /// <summary>Makes it longer or shorter.</summary>
    public void Resize(int columns)
    {
        var before = _cells.Length;
        Array.Resize(ref _cells, columns);
        for (var i = before; i < columns; i++) _cells[i] = (' ', default);
        Revision++;
    }

    /// <summary>Its text in parts of one style each; the cursor's place is a part of its own.</summary>
    /// <param name="cursor">The cursor's column; below 0 for none.</param>
    public IEnumerable<(string Text, TerminalStyle Style, bool IsCursor)> Parts(int cursor)
    {
        var end = _cells.Length;
        while (end > cursor + 1 && end > 0 && _cells[end - 1] == (' ', default(TerminalStyle))) end--;
        var part = new StringBuilder();
        for (var i = 0; i < end; i++)
        {
            part.Append(_cells[i].Text);
            if (i + 1 < end && i != cursor && i + 1 != cursor && _cells[i + 1].Style == _cells[i].Style) continue;
            yield return (part.ToString(), _cells[i].Style, i == cursor);
            part.Clear();
        }
    }
}
