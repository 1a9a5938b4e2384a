using System.Text;

namespace LifecycleManager.Console.Terminals;

/// <summary>
/// From the bytes that a program writes to a terminal to what its screen shows: the sequences that shells, editors and pagers use
/// of an xterm. What it does not know it passes over, and nothing that is written has it answer.
/// </summary>
/// <param name="screen">The screen.</param>
public sealed class TerminalParser(TerminalScreen screen)
{
    private const int MostNumbers = 16;
    private const int MaxNumber = 10_000;

    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly List<int> _numbers = [];
    private State _state;
    private bool _isPrivate, _hasDigits;

    private enum State
    {
        Text,
        Escape,
        Sequence,
        String,
        StringEscape,
        Skip,
    }

    /// <summary>Takes what was written, in whatever parts it comes.</summary>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        Span<char> text = stackalloc char[1024];
        while (bytes.Length > 0)
        {
            _decoder.Convert(bytes, text, flush: false, out var used, out var made, out _);
            foreach (var one in text[..made]) Take(one);
            bytes = bytes[used..];
        }
    }

    private void Take(char one)
    {
        switch (_state)
        {
            case State.Text:
                Text(one);
                break;
            case State.Escape:
                Escape(one);
                break;
            case State.Sequence:
                Sequence(one);
                break;
            case State.String:
                // A title and the like: until BEL or ESC \.
                _state = one switch { '\a' => State.Text, '\u001b' => State.StringEscape, _ => State.String };
                break;
            case State.StringEscape:
                _state = one == '\\' ? State.Text : State.String;
                break;
            default:
                _state = State.Text;
                break;
        }
    }

    private void Text(char one)
    {
        switch (one)
        {
            case '\u001b':
                _state = State.Escape;
                break;
            case '\r':
                screen.Return();
                break;
            case '\n' or '\v' or '\f':
                screen.LineFeed();
                break;
            case '\b':
                screen.MoveTo(screen.Row, screen.Column - 1);
                break;
            case '\t':
                screen.Tabulate();
                break;
            default:
                if (one is >= '\u202A' and <= '\u202E' or >= '\u2066' and <= '\u2069') screen.Put('\uFFFD');
                else if (!char.IsControl(one)) screen.Put(one);
                break;
        }
    }

    private void Escape(char one)
    {
        _state = State.Text;
        switch (one)
        {
            case '[':
                (_state, _isPrivate, _hasDigits) = (State.Sequence, false, false);
                _numbers.Clear();
                break;
            case ']' or 'P' or '^' or '_' or 'X':
                _state = State.String;
                break;
            case '(' or ')' or '*' or '+' or '#' or '%' or ' ':
                _state = State.Skip;
                break;
            case '7':
                screen.Save();
                break;
            case '8':
                screen.Restore();
                break;
            case 'D':
                screen.LineFeed();
                break;
            case 'E':
                screen.Return();
                screen.LineFeed();
                break;
            case 'M':
                screen.ReverseFeed();
                break;
            case 'c':
                screen.Style = default;
                screen.SetRegion(0, screen.Rows - 1);
                screen.EraseScreen(2);
                break;
        }
    }

    private void Sequence(char one)
    {
        if (char.IsAsciiDigit(one))
        {
            if (!_hasDigits && _numbers.Count < MostNumbers) _numbers.Add(0);
            _hasDigits = true;
            if (_numbers.Count > 0) _numbers[^1] = Math.Min(_numbers[^1] * 10 + (one - '0'), MaxNumber);
        }
        else if (one is ';' or ':')
        {
            if (!_hasDigits && _numbers.Count < MostNumbers) _numbers.Add(0);
            _hasDigits = false;
        }
        else if (one is '?' or '>' or '=' or '<') _isPrivate = true;
        else if (one is >= '@' and <= '~')
        {
            _state = State.Text;
            if (_isPrivate) Mode(one);
            else Do(one);
        }
        else if (one == '\u001b') _state = State.Escape;
        else if (char.IsControl(one)) Text(one);
    }

    private int Number(int index, int usual) => _numbers.Count > index && _numbers[index] > 0 ? _numbers[index] : usual;

    private void Do(char what)
    {
        var count = Number(0, 1);
        switch (what)
        {
            case 'A': screen.MoveTo(screen.Row - count, screen.Column); break;
            case 'B' or 'e': screen.MoveTo(screen.Row + count, screen.Column); break;
            case 'C' or 'a': screen.MoveTo(screen.Row, screen.Column + count); break;
            case 'D': screen.MoveTo(screen.Row, screen.Column - count); break;
            case 'E': screen.MoveTo(screen.Row + count, 0); break;
            case 'F': screen.MoveTo(screen.Row - count, 0); break;
            case 'G' or '`': screen.MoveTo(screen.Row, count - 1); break;
            case 'd': screen.MoveTo(count - 1, screen.Column); break;
            case 'H' or 'f': screen.MoveTo(count - 1, Number(1, 1) - 1); break;
            case 'J': screen.EraseScreen(Number(0, 0)); break;
            case 'K': screen.EraseLine(Number(0, 0)); break;
            case 'X': screen.Erase(count); break;
            case '@': screen.InsertCharacters(count); break;
            case 'P': screen.InsertCharacters(-count); break;
            case 'L': screen.Insert(count); break;
            case 'M': screen.Insert(-count); break;
            case 'S': screen.Scroll(count); break;
            case 'T': screen.Scroll(-count); break;
            case 'r': screen.SetRegion(count - 1, Number(1, screen.Rows) - 1); break;
            case 's': screen.Save(); break;
            case 'u': screen.Restore(); break;
            case 'm': screen.Style = screen.Style.After(_numbers.Count == 0 ? [0] : _numbers); break;
        }
    }

    private void Mode(char what)
    {
        if (what is not ('h' or 'l')) return;
        foreach (var mode in _numbers)
        {
            switch (mode)
            {
                case 1: screen.HasApplicationKeys = what == 'h'; break;
                case 25: screen.IsCursorShown = what == 'h'; break;
                case 47 or 1047 or 1049: screen.Alternate(what == 'h'); break;
            }
        }
    }
}
