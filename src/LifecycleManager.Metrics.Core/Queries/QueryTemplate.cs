using System.Text;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>What a query's text is, and with it what a value in it has to be escaped for.</summary>
public enum TemplateLanguage
{
    /// <summary>A name or a key, taken as it is.</summary>
    Name,

    /// <summary>A queue's name, or a glob over such names, as <c>queue</c> or <c>vhost/queue</c>.</summary>
    Queue,

    /// <summary>The same, of a virtual host that is stated by itself.</summary>
    QueueOfVhost,

    /// <summary>A path with a query.</summary>
    Path,

    /// <summary>PromQL.</summary>
    PromQl,

    /// <summary>PostgreSQL's SQL.</summary>
    Sql,
}

/// <summary>A text cannot be a template.</summary>
/// <param name="offset">Where in the text.</param>
/// <param name="message">What is wrong.</param>
/// <param name="suggestion">What to do; or null.</param>
public sealed class TemplateException(int offset, string message, string? suggestion) : FormatException(message)
{
    /// <summary>Where in the text, from 0.</summary>
    public int Offset => offset;

    /// <summary>What to do; or null.</summary>
    public string? Suggestion => suggestion;
}

/// <summary>
/// A query that serves many apps: <c>$app</c> (or <c>${app}</c>) is the app's id, <c>${label:NAME}</c> the value of its label,
/// <c>$$</c> a dollar sign. Values are escaped for the place where they stand, so that none can end a string or add to a query.
/// </summary>
/// <remarks>
/// In PromQL a placeholder stands in a string; in the string of <c>=~</c> and <c>!~</c> its value is taken literally. In SQL it
/// stands where a text literal could, without quotes, and <c>$$</c> is SQL's own. What replacements of <c>label_replace</c> have
/// (<c>$1</c>) stays as it is, as does a dollar sign before anything but a letter, an underscore, a brace or a dollar sign.
/// </remarks>
public sealed class QueryTemplate
{
    private const string LabelPrefix = "label:";
    private static readonly string[] Known = ["app"];
    private readonly Part[] _parts;

    private QueryTemplate(List<Part> parts) => _parts = [.. parts];

    /// <summary>Whether there is anything to fill in.</summary>
    public bool HasPlaceholders => Array.Exists(_parts, part => part.Place != Place.None);

    /// <summary>The language of a query's selector.</summary>
    public static TemplateLanguage LanguageOf(MetricQuery query) => query.Source switch
    {
        MetricSource.PromQl => TemplateLanguage.PromQl,
        MetricSource.Postgres => TemplateLanguage.Sql,
        MetricSource.Json => TemplateLanguage.Path,
        MetricSource.RabbitMq => query.From?.Vhost is null ? TemplateLanguage.Queue : TemplateLanguage.QueueOfVhost,
        _ => TemplateLanguage.Name,
    };

    /// <summary>Finds the placeholders.</summary>
    /// <exception cref="TemplateException">One is unknown, or stands where no value can.</exception>
    public static QueryTemplate Parse(string text, TemplateLanguage language)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = new List<Part>();
        if (!text.Contains('$', StringComparison.Ordinal)) return new QueryTemplate([new Part(text, null, Place.None)]);
        var literal = new StringBuilder();
        var scanner = new TemplateScanner(text, language);
        for (var i = 0; i < text.Length;)
        {
            if (scanner.Skip(i) is var end && end > i)
            {
                literal.Append(text, i, end - i);
                i = end;
                continue;
            }

            var next = i + 1 < text.Length ? text[i + 1] : '\0';
            if (text[i] != '$' || !(next is '{' or '$' or '_' || char.IsAsciiLetter(next)))
            {
                literal.Append(text[i++]);
            }
            else if (next == '$')
            {
                literal.Append('$');
                i += 2;
            }
            else if (Name(text, i, out var after) is { } name && !char.IsAsciiDigit(name.FirstOrDefault()))
            {
                var label = Check(name, i, text[i..after]);
                parts.Add(new Part(literal.ToString(), null, Place.None));
                literal.Clear();
                parts.Add(new Part(text[i..after], label, scanner.PlaceAt(i)));
                i = after;
            }
            else
            {
                literal.Append(text, i, after - i);
                i = after;
            }
        }

        parts.Add(new Part(literal.ToString(), null, Place.None));
        return new QueryTemplate(parts);
    }

    /// <summary>Fills the placeholders in.</summary>
    /// <param name="app">The absolute app id.</param>
    /// <param name="labels">The app's labels; null for none.</param>
    /// <param name="text">The query, where it can be made.</param>
    /// <param name="problem">Why it cannot; else empty.</param>
    public bool TryExpand(string app, IReadOnlyDictionary<string, string>? labels, out string text, out string problem)
    {
        (text, problem) = ("", "");
        var all = new StringBuilder();
        foreach (var part in _parts)
        {
            if (part.Place == Place.None)
            {
                all.Append(part.Text);
                continue;
            }

            var value = part.Label is null ? app : labels?.GetValueOrDefault(part.Label);
            if (value is null)
            {
                problem = $"{part.Text}: {app} has no label {part.Label}; give it one, or name another in the policy";
                return false;
            }

            if (TemplateEscape.Escape(value, part.Place) is not { } escaped)
            {
                problem = $"{part.Text}: the value '{value}' cannot stand there: {TemplateEscape.Refused(part.Place)}";
                return false;
            }

            all.Append(escaped);
        }

        text = all.ToString();
        return true;
    }

    /// <summary>The name after a dollar sign, and where it ends.</summary>
    private static string Name(string text, int dollar, out int after)
    {
        if (text[dollar + 1] == '{')
        {
            var close = text.IndexOf('}', dollar);
            if (close < 0) throw new TemplateException(dollar, "'${' has no '}'", "write $$ for a dollar sign");
            after = close + 1;
            return text[(dollar + 2)..close];
        }

        after = dollar + 1;
        while (after < text.Length && (char.IsAsciiLetterOrDigit(text[after]) || text[after] == '_')) after++;
        return text[(dollar + 1)..after];
    }

    /// <summary>The label that a name stands for; null for the app.</summary>
    private static string? Check(string name, int offset, string written)
    {
        if (name == "app") return null;
        if (name.StartsWith(LabelPrefix, StringComparison.Ordinal) && name.Length > LabelPrefix.Length)
            return name[LabelPrefix.Length..];
        throw new TemplateException(offset, $"unknown placeholder '{written}'",
            NearestName.Of(name, Known) is not null ? "did you mean '$app'?"
            : "$app and ${label:NAME} are known; write $$ for a dollar sign");
    }

    private readonly record struct Part(string Text, string? Label, Place Place);
}
