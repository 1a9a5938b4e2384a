namespace LifecycleManager.Console.Terminals;

/// <summary>
/// The screen of a terminal: its lines, the cursor, the region that scrolls, and the lines that have scrolled away. Bounded in
/// both directions, whatever is written.
/// </summary>
public sealed class TerminalScreen
{
    /// <summary>Lines that have scrolled away, and are kept.</summary>
    public const int MostKept = 1_000;

    /// <summary>The most lines, and the most characters of one.</summary>
    public const int MostRows = 200, MostColumns = 400;

    private readonly Queue<TerminalLine> _kept = new();
    private List<TerminalLine> _lines;
    private (int Row, int Column, TerminalStyle Style) _saved;
    private List<TerminalLine>? _main;
    private int _top, _bottom;
    private bool _isAtEdge;

    /// <param name="rows">Its lines.</param>
    /// <param name="columns">Its characters a line.</param>
    public TerminalScreen(int rows, int columns)
    {
        (Rows, Columns) = (Math.Clamp(rows, 2, MostRows), Math.Clamp(columns, 2, MostColumns));
        _lines = Empty();
        _bottom = Rows - 1;
    }

    /// <summary>Its lines.</summary>
    public int Rows { get; private set; }

    /// <summary>Its characters a line.</summary>
    public int Columns { get; private set; }

    /// <summary>The cursor's line, from 0.</summary>
    public int Row { get; private set; }

    /// <summary>The cursor's column, from 0.</summary>
    public int Column { get; private set; }

    /// <summary>Whether the cursor is shown.</summary>
    public bool IsCursorShown { get; set; } = true;

    /// <summary>Whether arrows are told in the other way (DECCKM), as editors ask for it.</summary>
    public bool HasApplicationKeys { get; set; }

    /// <summary>How what is put is shown.</summary>
    public TerminalStyle Style { get; set; }

    /// <summary>The lines of the screen.</summary>
    public IReadOnlyList<TerminalLine> Lines => _lines;

    /// <summary>The lines that have scrolled away.</summary>
    public IReadOnlyCollection<TerminalLine> Kept => _kept;

    /// <summary>Puts a character where the cursor is, and moves it on.</summary>
    public void Put(char text)
    {
        if (_isAtEdge)
        {
            Column = 0;
            LineFeed();
        }

        _lines[Row].Put(Column, text, Style);
        _isAtEdge = Column == Columns - 1;
        if (!_isAtEdge) Column++;
    }

    /// <summary>To the beginning of the line.</summary>
    public void Return() => MoveTo(Row, 0);

    /// <summary>To the next place of the tabulator.</summary>
    public void Tabulate() => MoveTo(Row, (Column / 8 + 1) * 8);

    /// <summary>To the next line; at the end of the region it scrolls.</summary>
    public void LineFeed()
    {
        _isAtEdge = false;
        if (Row == _bottom) Scroll(1);
        else if (Row < Rows - 1) Row++;
    }

    /// <summary>To the line above; at the beginning of the region it scrolls back.</summary>
    public void ReverseFeed()
    {
        if (Row == _top) Scroll(-1);
        else if (Row > 0) Row--;
    }

    /// <summary>Moves the cursor; beyond the screen it stays at its edge.</summary>
    public void MoveTo(int row, int column)
    {
        (Row, Column) = (Math.Clamp(row, 0, Rows - 1), Math.Clamp(column, 0, Columns - 1));
        _isAtEdge = false;
    }

    /// <summary>Scrolls the region up, or with a negative number down.</summary>
    public void Scroll(int by) => ScrollFrom(_top, by);

    /// <summary>Puts empty lines in at the cursor, or with a negative number takes lines out.</summary>
    public void Insert(int lines)
    {
        if (Row >= _top && Row <= _bottom) ScrollFrom(Row, -lines);
    }

    /// <summary>Empties the screen: from the cursor on, up to it, or all.</summary>
    public void EraseScreen(int what)
    {
        EraseLine(what);
        for (var row = 0; row < Rows; row++)
        {
            if ((what == 0 && row > Row) || (what == 1 && row < Row) || what >= 2) _lines[row].Erase(0, Columns, Style);
        }

        if (what == 3) _kept.Clear();
    }

    /// <summary>Empties the line: from the cursor on, up to it, or all.</summary>
    public void EraseLine(int what) => _lines[Row].Erase(what == 0 ? Column : 0, what == 1 ? Column + 1 : Columns, Style);

    /// <summary>Empties characters from the cursor on.</summary>
    public void Erase(int count) => _lines[Row].Erase(Column, Column + count, Style);

    /// <summary>Puts empty characters in at the cursor, or with a negative number takes some out.</summary>
    public void InsertCharacters(int count) => _lines[Row].Shift(Column, Math.Clamp(count, -Columns, Columns), Style);

    /// <summary>Says which lines scroll, from 0; what makes no sense is all of them.</summary>
    public void SetRegion(int top, int bottom)
    {
        (_top, _bottom) = top >= 0 && top < bottom && bottom < Rows ? (top, bottom) : (0, Rows - 1);
        MoveTo(0, 0);
    }

    /// <summary>Remembers the cursor and its style.</summary>
    public void Save() => _saved = (Row, Column, Style);

    /// <summary>Brings the cursor back to where it was saved.</summary>
    public void Restore()
    {
        MoveTo(_saved.Row, _saved.Column);
        Style = _saved.Style;
    }

    /// <summary>Changes to a screen for a program that fills it, or back to the one before.</summary>
    public void Alternate(bool isOn)
    {
        if (isOn == _main is not null) return;
        if (isOn)
        {
            Save();
            (_main, _lines) = (_lines, Empty());
        }
        else
        {
            (_lines, _main) = (_main!, null);
            Fit(_lines);
            Restore();
        }

        (_top, _bottom) = (0, Rows - 1);
    }

    /// <summary>Makes it another size; what does not fit above the cursor scrolls away.</summary>
    public void Resize(int rows, int columns)
    {
        (Rows, Columns) = (Math.Clamp(rows, 2, MostRows), Math.Clamp(columns, 2, MostColumns));
        Fit(_lines);
        (_top, _bottom) = (0, Rows - 1);
        MoveTo(Row, Column);
    }

    private void Fit(List<TerminalLine> lines)
    {
        while (lines.Count > Rows)
        {
            // Empty lines below the cursor first.
            if (lines.Count - 1 > Row) lines.RemoveAt(lines.Count - 1);
            else
            {
                Keep(lines[0]);
                lines.RemoveAt(0);
                Row--;
            }
        }

        while (lines.Count < Rows) lines.Add(new TerminalLine(Columns));
        foreach (var line in lines.Where(line => line.Columns != Columns)) line.Resize(Columns);
    }

    private void ScrollFrom(int top, int by)
    {
        for (var i = Math.Min(Math.Abs(by), Rows); i > 0; i--)
        {
            if (by > 0)
            {
                if (top == 0 && _main is null) Keep(_lines[0]);
                _lines.RemoveAt(top);
                _lines.Insert(_bottom, New());
            }
            else
            {
                _lines.RemoveAt(_bottom);
                _lines.Insert(top, New());
            }
        }
    }

    private void Keep(TerminalLine line)
    {
        _kept.Enqueue(line);
        if (_kept.Count > MostKept) _kept.Dequeue();
    }

    private TerminalLine New()
    {
        var line = new TerminalLine(Columns);
        if (Style.Back is not null) line.Erase(0, Columns, new TerminalStyle(Back: Style.Back));
        return line;
    }

    private List<TerminalLine> Empty() => [.. Enumerable.Range(0, Rows).Select(_ => new TerminalLine(Columns))];
}
