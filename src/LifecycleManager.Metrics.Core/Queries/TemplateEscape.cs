using System.Text;

namespace LifecycleManager.Metrics.Core.Queries;

/// <summary>Where in a query a value stands.</summary>
internal enum Place
{
    /// <summary>It is no value, but the query's own text.</summary>
    None,

    /// <summary>In a name.</summary>
    Name,

    /// <summary>In the name of a queue, which may be a glob.</summary>
    Queue,

    /// <summary>In the same, where a slash ends the virtual host.</summary>
    VhostOrQueue,

    /// <summary>In a path or its query.</summary>
    Path,

    /// <summary>In a PromQL string in double quotes.</summary>
    DoubleQuoted,

    /// <summary>In a PromQL string in single quotes.</summary>
    SingleQuoted,

    /// <summary>In a PromQL string in backticks, which knows no escapes.</summary>
    Backticks,

    /// <summary>In a regular expression in double quotes.</summary>
    DoubleQuotedRegex,

    /// <summary>In a regular expression in single quotes.</summary>
    SingleQuotedRegex,

    /// <summary>In a regular expression in backticks.</summary>
    BackticksRegex,

    /// <summary>Where SQL can have a text literal.</summary>
    SqlLiteral,
}

/// <summary>Escapes a value for the place where it stands.</summary>
internal static class TemplateEscape
{
    private const string RegexMeta = @"\.+*?()|[]{}^$";

    /// <summary>The value as it has to be written there; null where it cannot be.</summary>
    public static string? Escape(string value, Place place) => place switch
    {
        Place.Name => value.Any(char.IsControl) ? null : value,
        Place.Queue => value.Any(char.IsControl) || value.AsSpan().ContainsAny('*', '?') ? null : value,
        Place.VhostOrQueue => value.Contains('/', StringComparison.Ordinal) ? null : Escape(value, Place.Queue),
        Place.Path => value is "." or ".." ? null : Uri.EscapeDataString(value),
        Place.DoubleQuoted => Quote(value, '"'),
        Place.SingleQuoted => Quote(value, '\''),
        Place.Backticks => value.Contains('`', StringComparison.Ordinal) ? null : value,
        Place.DoubleQuotedRegex => Quote(Literal(value), '"'),
        Place.SingleQuotedRegex => Quote(Literal(value), '\''),
        Place.BackticksRegex => Escape(Literal(value), Place.Backticks),
        Place.SqlLiteral => value.Contains('\0', StringComparison.Ordinal) ? null : Sql(value),
        _ => value,
    };

    /// <summary>What cannot stand there.</summary>
    public static string Refused(Place place) => place switch
    {
        Place.VhostOrQueue => "'/', '*', '?' and control characters are refused; with a 'vhost' of its own '/' may stand there",
        Place.Queue => "'*', '?' and control characters are refused",
        Place.Path => "it would lead to another path",
        Place.Backticks or Place.BackticksRegex => "write the string in double quotes",
        Place.SqlLiteral => "a text has no zero byte",
        _ => "control characters are refused",
    };

    private static string Quote(string value, char quote)
    {
        var text = new StringBuilder(value.Length + 8);
        foreach (var c in value)
        {
            if (c == quote || c == '\\') text.Append('\\').Append(c);
            else if (c == '\n') text.Append("\\n");
            else text.Append(c);
        }

        return text.ToString();
    }

    /// <summary>A regular expression that the value alone matches, in RE2's notation.</summary>
    private static string Literal(string value)
    {
        var text = new StringBuilder(value.Length + 8);
        foreach (var c in value)
        {
            if (RegexMeta.Contains(c, StringComparison.Ordinal)) text.Append('\\');
            text.Append(c);
        }

        return text.ToString();
    }

    /// <summary>A literal that is right whether or not the server takes backslashes for escapes.</summary>
    private static string Sql(string value)
    {
        var doubled = value.Replace("'", "''", StringComparison.Ordinal);
        return value.Contains('\\', StringComparison.Ordinal)
            ? $" E'{doubled.Replace("\\", "\\\\", StringComparison.Ordinal)}'"
            : $"'{doubled}'";
    }
}
