namespace LifecycleManager.Metrics.Exposition;

/// <summary>
/// Finds where the labels of a sample or an exemplar end, and a metric's name among them: <c>{"my.metric","a.b"="c"}</c>. Values
/// are only scanned: <see cref="LabelReader"/> unescapes those that somebody wants.
/// </summary>
/// <param name="text">The whole text.</param>
/// <param name="open">Whether it is OpenMetrics.</param>
/// <param name="isUtf8">Whether the whole text is UTF-8, so that its parts need no check.</param>
internal ref struct LabelScanner(ReadOnlySpan<byte> text, bool open, bool isUtf8)
{
    private readonly ReadOnlySpan<byte> _text = text;

    /// <summary>Where the quoted name of the metric starts, behind its quote.</summary>
    public int NameStart { get; private set; }

    /// <summary>Where it ends, before its quote; 0 where there is none.</summary>
    public int NameEnd { get; private set; }

    /// <summary>What is wrong, where <see cref="Scan"/> gave -1.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>Where it is wrong.</summary>
    public int ProblemAt { get; private set; }

    /// <summary>From behind <c>{</c> to behind <c>}</c>; -1 where malformed.</summary>
    /// <param name="at">The first byte behind the brace.</param>
    /// <param name="named">Whether the metric has its name already, or can have none.</param>
    public int Scan(int at, bool named)
    {
        var text = _text;
        while (true)
        {
            at = Blanks(at);
            if ((uint)at >= (uint)text.Length) return Fail("a label name or '}' is needed", at);
            if (text[at] == '}') return at + 1;
            var (start, quoted) = (at, text[at] == '"');
            if (quoted)
            {
                at = ExpositionBytes.StringEnd(text, at, open);
                if (at < 0) return Fail("the quoted name has no end", start);
                if (Damage(start, at) is var damage and >= 0) return Fail("invalid UTF-8 in a quoted name", damage);
            }
            else
            {
                while ((uint)at < (uint)text.Length && ExpositionBytes.IsLabel(text[at])) at++;
                if (at == start || char.IsAsciiDigit((char)text[start])) return Fail("a label name or '}' is needed", start);
            }

            var end = at;
            at = Blanks(at);
            if (!Is(at, '='))
            {
                // A quoted string alone is the metric's name.
                if (!quoted || !(Is(at, ',') || Is(at, '}'))) return Fail("'=' is needed after a label name", at);
                if (named) return Fail("the metric has a name already", start);
                if (end - start == 2) return Fail("the metric's name is empty", start);
                (NameStart, NameEnd, named) = (start + 1, end - 1, true);
                if (Is(at++, '}')) return at;
                continue;
            }

            if (end - start == 2 && quoted) return Fail("the label's name is empty", start);
            at = Blanks(at + 1);
            if (!Is(at, '"')) return Fail("a label value in double quotes is needed", at);
            var value = at;
            at = ExpositionBytes.StringEnd(text, at, open);
            if (at < 0) return Fail("the label value has no end", value);
            if (Damage(value, at) is var damaged and >= 0) return Fail("invalid UTF-8 in a label value", damaged);
            at = Blanks(at);

            // Prometheus text may leave the comma out.
            if (Is(at, ',')) at++;
            else if (!Is(at, '}') && (open || !IsNameAhead(at))) return Fail("',' or '}' is needed after a label", at);
        }
    }

    // Where a part is not UTF-8; -1 where it is.
    private readonly int Damage(int start, int end) =>
        !isUtf8 && start + ExpositionBytes.ValidLength(_text[start..end]) is var valid && valid < end ? valid : -1;

    private readonly bool IsNameAhead(int at) =>
        Is(at, '"') || ((uint)at < (uint)_text.Length && ExpositionBytes.IsLabel(_text[at]));

    private readonly bool Is(int at, char c) => (uint)at < (uint)_text.Length && _text[at] == c;

    // OpenMetrics has no blanks within labels.
    private readonly int Blanks(int at)
    {
        if (open) return at;
        var text = _text;
        while ((uint)at < (uint)text.Length && text[at] is (byte)' ' or (byte)'\t') at++;
        return at;
    }

    private int Fail(string problem, int at)
    {
        (Problem, ProblemAt) = (problem, at);
        return -1;
    }
}
