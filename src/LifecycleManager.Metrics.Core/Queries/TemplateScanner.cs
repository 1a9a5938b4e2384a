namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>Follows the strings and comments of a query, as far as it has to be known where a placeholder stands.</summary>
/// <param name="text">The query.</param>
/// <param name="language">What it is.</param>
internal sealed class TemplateScanner(string text, TemplateLanguage language)
{
    private char _quote;
    private bool _isRegex;

    /// <summary>
    /// Where what stands here and is no template ends; the place itself where it may be one. Called from left to right.
    /// </summary>
    public int Skip(int at) => language switch
    {
        TemplateLanguage.PromQl => SkipPromQl(at),
        TemplateLanguage.Sql => SkipSql(at),
        _ => at,
    };

    /// <summary>Where the placeholder at this offset stands.</summary>
    /// <exception cref="TemplateException">No value can stand there.</exception>
    public Place PlaceAt(int offset) => language switch
    {
        TemplateLanguage.Name => Place.Name,
        TemplateLanguage.Queue => Place.VhostOrQueue,
        TemplateLanguage.QueueOfVhost => Place.Queue,
        TemplateLanguage.Path => Place.Path,
        TemplateLanguage.Sql => Place.SqlLiteral,
        _ => _quote switch
        {
            '"' => _isRegex ? Place.DoubleQuotedRegex : Place.DoubleQuoted,
            '\'' => _isRegex ? Place.SingleQuotedRegex : Place.SingleQuoted,
            '`' => _isRegex ? Place.BackticksRegex : Place.Backticks,
            _ => throw new TemplateException(offset, "a placeholder stands in a string", "put it in quotes: app=\"$app\""),
        },
    };

    private int SkipPromQl(int at)
    {
        var c = text[at];
        if (_quote == '\0')
        {
            if (c == '#') return End(text.IndexOf('\n', at), 0);
            if (c is not ('"' or '\'' or '`')) return at;
            (_quote, _isRegex) = (c, IsAfterRegexOperator(at));
            return at + 1;
        }

        if (c == '\\' && _quote != '`') return Math.Min(text.Length, at + 2);
        if (c != _quote) return at;
        _quote = '\0';
        return at + 1;
    }

    private bool IsAfterRegexOperator(int at)
    {
        while (at > 0 && char.IsWhiteSpace(text[at - 1])) at--;
        return at >= 2 && text[at - 1] == '~' && text[at - 2] is '=' or '!';
    }

    // Strings, quoted names and comments as wholes; a placeholder in one would be no parameter.
    private int SkipSql(int at)
    {
        switch (text[at])
        {
            case '\'':
                var escapes = at > 0 && text[at - 1] is 'e' or 'E' && (at < 2 || !IsWord(text[at - 2]));
                return Closed(at, SkipQuoted(at, '\'', escapes), "a quoted text");
            case '"':
                return Closed(at, SkipQuoted(at, '"', escapes: false), "a quoted name");
            case '-' when at + 1 < text.Length && text[at + 1] == '-':
                return End(text.IndexOf('\n', at), 0);
            case '/' when at + 1 < text.Length && text[at + 1] == '*':
                return End(text.IndexOf("*/", at, StringComparison.Ordinal), 2);
            case '$' when DollarTag(at) is { } tag:
                return End(text.IndexOf(tag, at + tag.Length, StringComparison.Ordinal), tag.Length);
            default:
                return at;
        }
    }

    private int SkipQuoted(int at, char quote, bool escapes)
    {
        for (var i = at + 1; i < text.Length; i++)
        {
            if (escapes && text[i] == '\\') i++;
            else if (text[i] == quote && i + 1 < text.Length && text[i + 1] == quote) i++;
            else if (text[i] == quote) return i + 1;
        }

        return text.Length;
    }

    /// <summary>Complains of a placeholder within a quoted text, where SQL would not be told its value.</summary>
    private int Closed(int from, int end, string what)
    {
        foreach (var sign in (ReadOnlySpan<string>)["$app", "${"])
        {
            var found = text.IndexOf(sign, from, end - from, StringComparison.Ordinal);
            if (found >= 0)
                throw new TemplateException(found, $"a placeholder stands in {what}", "take the quotes away: where app = $app");
        }

        return end;
    }

    /// <summary>The <c>$tag$</c> that begins a text here; null where none does.</summary>
    private string? DollarTag(int at)
    {
        var end = at + 1;
        while (end < text.Length && IsWord(text[end])) end++;
        return end < text.Length && text[end] == '$' && !(at > 0 && IsWord(text[at - 1])) ? text[at..(end + 1)] : null;
    }

    private int End(int found, int length) => found < 0 ? text.Length : found + length;

    private static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';
}
