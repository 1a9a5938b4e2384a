using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Unicode;

namespace LifecycleManager.Metrics.Exposition;

/// <summary>
/// Reads the samples of a Prometheus or OpenMetrics text, forward only, straight from its UTF-8 bytes; allocates nothing unless
/// the text is malformed. It takes and refuses what Prometheus' own parser (2.42) takes and refuses.
/// </summary>
/// <remarks>
/// <c>HELP</c>, <c>UNIT</c> and comments are checked and skipped. Source: the exposition formats' documentation and the
/// OpenMetrics 1.0 specification.
/// </remarks>
public ref struct ExpositionReader
{
    private readonly ReadOnlySpan<byte> _text;
    private readonly bool _open;
    private int _at;
    private int _seriesStart;
    private int _nameLength;
    private int _labelsStart;
    private int _labelsEnd;
    private int _seriesEnd;
    private int _exemplarStart;
    private int _exemplarEnd;
    private bool _ended;
    private string? _problem;
    private int _problemAt;

    /// <summary>Begins to read.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="format">Its format.</param>
    public ExpositionReader(ReadOnlySpan<byte> text, ExpositionFormat format)
    {
        _text = text;
        _open = format == ExpositionFormat.OpenMetrics;
        // Once over the whole body, vectorized, is far cheaper than a check of every label value.
        if (!Utf8.IsValid(text)) (_problem, _problemAt) = ("invalid UTF-8", FirstInvalid(text));
    }

    /// <summary>The sample's series as it stands in the text: name, and labels with their braces where there are any.</summary>
    public readonly ReadOnlySpan<byte> Series => _text[_seriesStart.._seriesEnd];

    /// <summary>The metric's name.</summary>
    public readonly ReadOnlySpan<byte> Name => _text.Slice(_seriesStart, _nameLength);

    /// <summary>What stands between the braces, for <see cref="LabelReader"/>; empty where there are no labels.</summary>
    public readonly ReadOnlySpan<byte> Labels => _text[_labelsStart.._labelsEnd];

    /// <summary>The value; may be NaN or infinite.</summary>
    public double Value { get; private set; }

    /// <summary>Whether the sample has a time of its own.</summary>
    public bool HasTimestamp { get; private set; }

    /// <summary>The sample's own time in milliseconds since 1970.</summary>
    public long Timestamp { get; private set; }

    /// <summary>OpenMetrics: the labels of the sample's exemplar, without braces; empty where there is none.</summary>
    public readonly ReadOnlySpan<byte> ExemplarLabels => _text[_exemplarStart.._exemplarEnd];

    /// <summary>OpenMetrics: whether the sample has an exemplar.</summary>
    public bool HasExemplar { get; private set; }

    /// <summary>OpenMetrics: the exemplar's value.</summary>
    public double ExemplarValue { get; private set; }

    /// <summary>What is wrong and where, after <see cref="ExpositionToken.Error"/>.</summary>
    public readonly ExpositionError Error
    {
        get
        {
            var before = _text[..Math.Min(_problemAt, _text.Length)];
            var column = before.Length - before.LastIndexOf((byte)'\n');
            return new ExpositionError(before.Count((byte)'\n') + 1, column, _problem ?? "");
        }
    }

    /// <summary>Goes to the next sample.</summary>
    public ExpositionToken Read()
    {
        if (_problem is not null) return ExpositionToken.Error;
        if (_ended) return ExpositionToken.End;
        var text = _text;
        while (true)
        {
            if ((uint)_at >= (uint)text.Length)
            {
                if (_open) return Fail("the text does not end with # EOF", text.Length);
                _ended = true;
                return ExpositionToken.End;
            }

            switch (text[_at])
            {
                case (byte)'\n':
                    if (_open) return Fail("a blank line", _at);
                    _at++;
                    continue;
                case (byte)' ' or (byte)'\t' when !_open && SkipBlanks(_at, most: 0) is var end && Is(end, '\n'):
                    _at = end;
                    continue;
                case (byte)'#':
                    if (!ReadComment()) return ExpositionToken.Error;
                    if (_ended) return ExpositionToken.End;
                    continue;
                default:
                    return ReadSample();
            }
        }
    }

    private ExpositionToken ReadSample()
    {
        var text = _text;
        var at = _at;
        _seriesStart = at;
        var length = text[at..].IndexOfAnyExcept(MetadataLine.NameBytes);
        if (length < 0) length = text.Length - at;
        if (length == 0 || char.IsAsciiDigit((char)text[at])) return Fail("a metric name is needed", at);
        _nameLength = length;
        at += length;
        _seriesEnd = _labelsStart = _labelsEnd = at;

        at = SkipBlanks(at, most: 0);
        if ((uint)at < (uint)text.Length && text[at] == '{')
        {
            _labelsStart = at + 1;
            at = ScanLabels(at + 1);
            if (at < 0) return ExpositionToken.Error;
            _labelsEnd = at - 1;
            _seriesEnd = at;
        }

        if (_open && !Is(at, ' ')) return Fail("one space is needed before the value", at);
        at = SkipBlanks(at, most: 1);
        var end = TokenEnd(at);
        if (!ExpositionNumber.TryParse(text[at..end], out var value))
            return Fail("a value is needed: a number, NaN, +Inf or -Inf", at);
        Value = value;
        HasTimestamp = HasExemplar = false;
        _exemplarStart = _exemplarEnd = 0;
        if (_open && IsLineEnd(end, out var after)) return Finish(after);
        at = SkipBlanks(end, most: 1);
        return !_open && IsLineEnd(at, out var next) ? Finish(next) : ReadRest(at);
    }

    // A timestamp, and in OpenMetrics an exemplar.
    private ExpositionToken ReadRest(int at)
    {
        if (at >= _text.Length) return Fail("the text does not end with # EOF", at);
        if (!(_open && Is(at, '#')))
        {
            var end = TokenEnd(at);
            if (!TryTimestamp(_text[at..end], out var milliseconds))
                return Fail(_open ? "a timestamp in seconds is needed" : "a timestamp in milliseconds is needed", at);
            HasTimestamp = true;
            Timestamp = milliseconds;
            at = SkipBlanks(end, most: _open && Is(end + 1, '#') ? 1 : 0);
        }

        if (_open && Is(at, '#'))
        {
            at = ReadExemplar(at);
            if (at < 0) return ExpositionToken.Error;
        }

        return IsLineEnd(at, out var next) ? Finish(next) : Fail("the line should end here", at);
    }

    private int ReadExemplar(int at)
    {
        if (!Name.EndsWith("_total"u8) && !Name.EndsWith("_bucket"u8))
            return FailAt("only counters and buckets have exemplars", at);
        if (!Is(at + 1, ' ') || !Is(at + 2, '{')) return FailAt("an exemplar starts with '# {'", at);
        _exemplarStart = at + 3;
        at = ScanLabels(_exemplarStart);
        if (at < 0) return at;
        _exemplarEnd = at - 1;
        if (!Is(at, ' ')) return FailAt("one space is needed before the exemplar's value", at);
        var end = TokenEnd(++at);
        if (!ExpositionNumber.TryParse(_text[at..end], out var value)) return FailAt("the exemplar needs a value", at);
        (HasExemplar, ExemplarValue) = (true, value);
        at = end;
        if (!Is(at, ' ')) return at;
        end = TokenEnd(++at);
        return TryTimestamp(_text[at..end], out _) ? end : FailAt("the exemplar's timestamp is not a number", at);
    }

    private ExpositionToken Finish(int next)
    {
        _at = next;
        return ExpositionToken.Sample;
    }

    // From behind '{' to behind '}'; -1 where malformed. Values are only scanned: LabelReader unescapes those that somebody
    // wants.
    private int ScanLabels(int at)
    {
        var text = _text;
        while (true)
        {
            at = SkipBlanks(at, most: 0);
            if (Is(at, '}')) return at + 1;
            var start = at;
            while ((uint)at < (uint)text.Length && IsLabelByte(text[at])) at++;
            if (at == start || char.IsAsciiDigit((char)text[start])) return FailAt("a label name or '}' is needed", start);
            at = SkipBlanks(at, most: 0);
            if (!Is(at, '=')) return FailAt("'=' is needed after a label name", at);
            at = SkipBlanks(at + 1, most: 0);
            if (!Is(at, '"')) return FailAt("a label value in double quotes is needed", at);
            at++;
            while (true)
            {
                var stop = text[at..].IndexOfAny((byte)'"', (byte)'\\');
                if (stop < 0) return FailAt("the label value has no end", at);
                at += stop + 1;
                if (text[at - 1] == '"') break;
                if (at >= text.Length) return FailAt("the label value has no end", at);
                at++;
            }

            at = SkipBlanks(at, most: 0);
            if (Is(at, ','))
            {
                at++;
                if (_open && Is(at, '}')) return FailAt("a label is needed after ','", at);
            }
            else if (!Is(at, '}') && (_open || (uint)at >= (uint)text.Length || !IsLabelByte(text[at])))
            {
                // Prometheus text may leave the comma out.
                return FailAt("',' or '}' is needed after a label", at);
            }
        }
    }

    private bool ReadComment()
    {
        var text = _text;
        var length = text[_at..].IndexOf((byte)'\n');
        var end = length < 0 ? text.Length : _at + length;
        var line = text[_at..end];
        if (_open && line.SequenceEqual("# EOF"u8))
        {
            if (end + 1 < text.Length) return FailAt("nothing may follow # EOF", end + 1) >= 0;
            _ended = true;
            return true;
        }

        if (_open && length < 0) return FailAt("the text does not end with # EOF", text.Length) >= 0;
        var at = _at + 1 + (_open ? 0 : Blanks(line[1..]));
        var rest = text[at..end];
        if (!_open && at > _at + 1 && (IsKeyword(rest, "HELP"u8) || IsKeyword(rest, "TYPE"u8)))
        {
            if (!CheckMetadata(rest[0] == 'T' ? MetadataKind.Type : MetadataKind.Help, at + 4 + Blanks(rest[4..]), end))
                return false;
        }
        else if (_open)
        {
            if (!rest.StartsWith(" HELP "u8) && !rest.StartsWith(" TYPE "u8) && !rest.StartsWith(" UNIT "u8))
                return FailAt("HELP, TYPE, UNIT or EOF is needed after '#'", _at) >= 0;
            if (!CheckMetadata(rest[1] switch
            {
                (byte)'T' => MetadataKind.Type,
                (byte)'U' => MetadataKind.Unit,
                _ => MetadataKind.Help
            }, at + 6, end)) return false;
        }

        _at = Math.Min(end + 1, text.Length);
        return true;

        static bool IsKeyword(ReadOnlySpan<byte> rest, ReadOnlySpan<byte> word) =>
            rest.StartsWith(word) && rest.Length > word.Length && rest[word.Length] is (byte)' ' or (byte)'\t';

        static int Blanks(ReadOnlySpan<byte> of) => of.Length - of.TrimStart(" \t"u8).Length;
    }

    private bool CheckMetadata(MetadataKind kind, int at, int end) =>
        MetadataLine.Check(_text[at..end], kind, _open, out var offset) is not { } problem || FailAt(problem, at + offset) >= 0;

    private readonly bool TryTimestamp(ReadOnlySpan<byte> text, out long milliseconds)
    {
        milliseconds = 0;
        // The format's own documentation has a negative one, which Prometheus refuses; it does no harm.
        if (!_open)
            return System.Buffers.Text.Utf8Parser.TryParse(text, out milliseconds, out var used) && used == text.Length
                && text[0] != '+';
        if (!ExpositionNumber.TryParse(text, out var seconds) || !double.IsFinite(seconds) || Math.Abs(seconds) > 1e15)
            return false;
        milliseconds = (long)(seconds * 1000);
        return true;
    }

    // Prometheus text allows any number of blanks between tokens; OpenMetrics exactly one, or none within labels.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly int SkipBlanks(int at, int most)
    {
        var text = _text;
        if (_open) return most > 0 && (uint)at < (uint)text.Length && text[at] == ' ' ? at + 1 : at;
        while ((uint)at < (uint)text.Length && (text[at] == ' ' || text[at] == '\t')) at++;
        return at;
    }

    private readonly int TokenEnd(int at)
    {
        var text = _text;
        while ((uint)at < (uint)text.Length && text[at] > ' ') at++;
        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly bool Is(int at, char c) => (uint)at < (uint)_text.Length && _text[at] == c;

    private readonly bool IsLineEnd(int at, out int next)
    {
        next = at + 1;
        if ((uint)at < (uint)_text.Length) return _text[at] == '\n';
        next = _text.Length;
        return !_open;
    }

    private static bool IsLabelByte(byte b) =>
        b is (>= (byte)'a' and <= (byte)'z') or (byte)'_' or (>= (byte)'A' and <= (byte)'Z') or (>= (byte)'0' and <= (byte)'9');

    private ExpositionToken Fail(string problem, int at)
    {
        (_problem, _problemAt) = (problem, at);
        return ExpositionToken.Error;
    }

    private int FailAt(string problem, int at)
    {
        Fail(problem, at);
        return -1;
    }

    private static int FirstInvalid(ReadOnlySpan<byte> text)
    {
        var at = 0;
        while (System.Text.Rune.DecodeFromUtf8(text[at..], out _, out var used) == OperationStatus.Done) at += used;
        return at;
    }
}
