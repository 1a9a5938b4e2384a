using System.Runtime.CompilerServices;
using System.Text.Unicode;

namespace LifecycleManager.Metrics.Exposition;

/// <summary>
/// Reads the samples of a Prometheus or OpenMetrics text, forward only, straight from its UTF-8 bytes; allocates nothing unless
/// the text is malformed or a name has escapes. It takes and refuses what Prometheus' own parser (3.16) takes and refuses, but
/// for what the differential test of the vectors names.
/// </summary>
/// <remarks>
/// <c>HELP</c>, <c>UNIT</c> and comments are checked and skipped. Source: the exposition formats' documentation and the
/// OpenMetrics 1.0 specification.
/// </remarks>
public ref struct ExpositionReader
{
    private readonly ReadOnlySpan<byte> _text;
    private readonly bool _open;
    private readonly bool _isUtf8;
    private MetricType _type;
    private int _at;
    private int _seriesStart;
    private int _seriesEnd;
    private int _nameStart;
    private int _nameEnd;
    private bool _isNameQuoted;
    private int _labelsStart;
    private int _labelsEnd;
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
        _isUtf8 = Utf8.IsValid(text);
    }

    /// <summary>
    /// The sample's series as it stands in the text: name, and labels with their braces where there are any.
    /// </summary>
    public readonly ReadOnlySpan<byte> Series => _text[_seriesStart.._seriesEnd];

    /// <summary>The metric's name.</summary>
    public readonly ReadOnlySpan<byte> Name => _isNameQuoted
        ? LabelReader.UnescapeName(_text[_nameStart.._nameEnd]) : _text[_nameStart.._nameEnd];

    /// <summary>
    /// What stands between the braces, for <see cref="LabelReader"/>: a quoted name of the metric may be among it; empty where
    /// there are no braces.
    /// </summary>
    public readonly ReadOnlySpan<byte> Labels => _text[_labelsStart.._labelsEnd];

    /// <summary>What the last <c>TYPE</c> line says; as in Prometheus, whatever its name.</summary>
    public readonly MetricType Type => _type;

    /// <summary>The value; may be NaN or infinite.</summary>
    public double Value { get; private set; }

    /// <summary>Whether the sample has a time of its own.</summary>
    public bool HasTimestamp { get; private set; }

    /// <summary>The sample's own time in milliseconds since 1970.</summary>
    public long Timestamp { get; private set; }

    /// <summary>OpenMetrics: the labels of the sample's exemplar, without braces; empty where there is none.</summary>
    public readonly ReadOnlySpan<byte> ExemplarLabels => _text[_exemplarStart.._exemplarEnd];

    /// <summary>OpenMetrics: whether the sample has an exemplar. Any sample may have one.</summary>
    public bool HasExemplar { get; private set; }

    /// <summary>OpenMetrics: the exemplar's value.</summary>
    public double ExemplarValue { get; private set; }

    /// <summary>OpenMetrics: the exemplar's time in milliseconds since 1970; null where it has none.</summary>
    public long? ExemplarTimestamp { get; private set; }

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

    /// <summary>The labels of the sample at hand.</summary>
    public readonly LabelReader GetLabels() => new(Labels, _type);

    /// <summary>Goes to the next sample.</summary>
    public ExpositionToken Read()
    {
        if (_problem is not null) return ExpositionToken.Error;
        if (_ended) return ExpositionToken.End;
        var text = _text;
        while (true)
        {
            var at = _open ? _at : SkipBlanks(_at);
            if ((uint)at >= (uint)text.Length)
            {
                if (_open) return Fail("the text does not end with # EOF", text.Length);
                _ended = true;
                return ExpositionToken.End;
            }

            switch (text[at])
            {
                case (byte)'\n':
                    if (_open) return Fail("a blank line", at);
                    _at = at + 1;
                    continue;
                case (byte)'#':
                    _at = at;
                    if (!ReadComment()) return ExpositionToken.Error;
                    if (_ended) return ExpositionToken.End;
                    continue;
                default:
                    return ReadSample(at);
            }
        }
    }

    private ExpositionToken ReadSample(int at)
    {
        at = at == _at && _isUtf8 && ReadStrictSeries(at) is var end and >= 0 ? end : ReadSeries(at);
        if (at < 0) return ExpositionToken.Error;
        if (_open && !Is(at++, ' ')) return Fail("one space is needed before the value", at - 1);
        if (!_open) at = SkipBlanks(at);
        if (!TryNumber(at, out var value, out at)) return Fail("a value is needed: a number, NaN, +Inf or -Inf", at);
        Value = value;
        HasTimestamp = HasExemplar = false;
        _exemplarStart = _exemplarEnd = 0;
        if (!_open) at = SkipBlanks(at);
        return IsLineEnd(at, out var next) ? Finish(next) : ReadRest(at);
    }

    private int ReadStrictSeries(int at)
    {
        var end = new StrictSeries(_text).Scan(at, out var nameEnd);
        if (end < 0) return end;
        _isNameQuoted = false;
        _seriesStart = _nameStart = at;
        _nameEnd = nameEnd;
        _labelsStart = nameEnd + 1;
        _labelsEnd = end - 1;
        return _seriesEnd = end;
    }

    // Its end; -1 where it is malformed.
    private int ReadSeries(int at)
    {
        var text = _text;
        // As in Prometheus, blanks before a name are a part of it.
        _seriesStart = _nameStart = _at;
        _isNameQuoted = text[at] == '{';
        if (!_isNameQuoted)
        {
            var length = text[at..].IndexOfAnyExcept(ExpositionBytes.Name);
            if (length < 0) length = text.Length - at;
            if (length == 0 || char.IsAsciiDigit((char)text[at])) return FailAt(NoName(text[at]), at);
            at += length;
            _nameEnd = at;
        }

        _seriesEnd = _labelsStart = _labelsEnd = at;
        if (!_open) at = SkipBlanks(at);
        if (!Is(at, '{')) return _open ? _seriesEnd : at;
        _labelsStart = at + 1;
        var scanner = new LabelScanner(text, _open, _isUtf8);
        at = scanner.Scan(_labelsStart, named: !_isNameQuoted);
        if (at < 0) return FailAt(scanner.Problem, scanner.ProblemAt);
        if (_isNameQuoted && scanner.NameEnd == 0) return FailAt("a metric name is needed among the labels", _labelsStart - 1);
        if (_isNameQuoted) (_nameStart, _nameEnd) = (scanner.NameStart, scanner.NameEnd);
        _labelsEnd = at - 1;
        return _seriesEnd = at;
    }

    private static string NoName(byte at) => at == 0
        ? "a NUL byte: the text is damaged, or cut short" : "a metric name is needed";

    // A timestamp, and in OpenMetrics an exemplar; from behind the value, or in old text from behind the blanks after it.
    private ExpositionToken ReadRest(int at)
    {
        if (at >= _text.Length) return Fail("the text does not end with # EOF", at);
        if (!_open)
        {
            var stop = TokenEnd(at);
            if (!ExpositionNumber.TryMilliseconds(_text[at..stop], out var milliseconds))
                return Fail("a timestamp in milliseconds is needed", at);
            (HasTimestamp, Timestamp) = (true, milliseconds);
            at = SkipBlanks(stop);
            return IsLineEnd(at, out var after) ? Finish(after) : Fail("the line should end here", at);
        }

        if (!Is(at, ' ')) return Fail("the line should end here", at);
        if (!Is(at + 1, '#'))
        {
            var end = TokenEnd(++at);
            if (!ExpositionNumber.TrySeconds(_text[at..end], out var milliseconds))
                return Fail("a timestamp in seconds is needed", at);
            (HasTimestamp, Timestamp) = (true, milliseconds);
            at = end;
        }

        if (Is(at, ' '))
        {
            at = ReadExemplar(at + 1);
            if (at < 0) return ExpositionToken.Error;
        }

        return IsLineEnd(at, out var next) ? Finish(next) : Fail("the line should end here", at);
    }

    private int ReadExemplar(int at)
    {
        if (!_text[at..].StartsWith("# {"u8)) return FailAt("the line should end here, or an exemplar start with '# {'", at);
        _exemplarStart = at + 3;
        var scanner = new LabelScanner(_text, _open, _isUtf8);
        at = scanner.Scan(_exemplarStart, named: true);
        if (at < 0) return FailAt(scanner.Problem, scanner.ProblemAt);
        _exemplarEnd = at - 1;
        if (!Is(at, ' ')) return FailAt("one space is needed before the exemplar's value", at);
        if (!TryNumber(++at, out var value, out var end)) return FailAt("the exemplar needs a value", at);
        (HasExemplar, ExemplarValue, ExemplarTimestamp) = (true, value, null);
        if (!Is(end, ' ')) return end;
        at = end + 1;
        end = TokenEnd(at);
        if (!ExpositionNumber.TrySeconds(_text[at..end], out var time))
            return FailAt("the exemplar's timestamp is not a number", at);
        ExemplarTimestamp = time;
        return end;
    }

    private ExpositionToken Finish(int next)
    {
        _at = next;
        return ExpositionToken.Sample;
    }

    private bool ReadComment()
    {
        var text = _text;
        var length = text[_at..].IndexOf((byte)'\n');
        var end = length < 0 ? text.Length : _at + length;
        var line = text[_at..end];
        if (_open && line.StartsWith("# EOF"u8) && line[5..] is [] or [0])
        {
            // As in Prometheus, a NUL may follow.
            if (text[Math.Min(end + 1, text.Length)..] is not ([] or [0]))
                return FailAt("nothing may follow # EOF", end + 1) >= 0;
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
        MetadataLine.Check(_text[at..end], kind, _open, ref _type, out var offset) is not { } problem
        || FailAt(problem, at + offset) >= 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly int SkipBlanks(int at)
    {
        var text = _text;
        while ((uint)at < (uint)text.Length && (text[at] == ' ' || text[at] == '\t')) at++;
        return at;
    }

    // A number and where it ends; where it is none, the end is where it starts.
    private readonly bool TryNumber(int at, out double value, out int end)
    {
        if (ExpositionNumber.TryParseAhead(_text, at, out value, out end)) return true;
        end = TokenEnd(at);
        if (ExpositionNumber.TryParse(_text[at..end], out value)) return true;
        end = at;
        return false;
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
}
