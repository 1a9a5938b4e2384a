using System.Globalization;
using System.Text;
using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Cli.Commands.Operating.Logs;

/// <summary>Which lines of a log are shown. One for each log: a line without a time of its own has that of the one
/// before.</summary>
/// <param name="since">Lines from then on; null for all.</param>
/// <param name="grep">Lines that match; null for all.</param>
internal sealed class LogFilter(DateTimeOffset? since, LinearRegex? grep)
{
    private const int MaxTime = 40;
    private static readonly string[] Fields = ["\"@timestamp\":\"", "\"timestamp\":\"", "\"time\":\"", "\"ts\":\""];
    private bool _isLate;

    /// <summary>An expression that is looked for anywhere in a line.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static LinearRegex Pattern(string expression)
    {
        if (expression.Length == 0) throw new FormatException("an expression is needed");

        // By itself first, so that what is wrong is said of what was written.
        _ = LinearRegex.Parse(expression);
        return LinearRegex.Parse($".*(?:{expression}).*");
    }

    /// <summary>Whether a line had a time of its own.</summary>
    public bool HasTimes { get; private set; }

    /// <summary>Whether a line is shown.</summary>
    public bool Lets(ReadOnlySpan<byte> line)
    {
        if (since is null && grep is null) return true;
        var text = Encoding.UTF8.GetString(line);
        if (since is { } from)
        {
            if (TimeOf(text) is { } at)
            {
                HasTimes = true;
                _isLate = at >= from;
            }

            if (!_isLate) return false;
        }

        return grep?.IsMatch(text) != false;
    }

    /// <summary>The time that a line begins with, or has in a field of JSON; without a zone it is UTC.</summary>
    internal static DateTimeOffset? TimeOf(string line)
    {
        if (line.StartsWith('{'))
        {
            foreach (var field in Fields)
            {
                var at = line.Replace("\": \"", "\":\"", StringComparison.Ordinal).IndexOf(field, StringComparison.Ordinal);
                if (at < 0) continue;
                var rest = line.Replace("\": \"", "\":\"", StringComparison.Ordinal)[(at + field.Length)..];
                return Parse(rest[..Math.Max(0, rest.IndexOf('"', StringComparison.Ordinal))]);
            }

            return null;
        }

        var text = line.TrimStart('[', ' ');
        if (text.Length < 10 || !char.IsAsciiDigit(text[0])) return null;
        var words = text[..Math.Min(text.Length, MaxTime)].Split([' ', ']'], 3);
        return words.Length > 1 && Parse($"{words[0]} {words[1]}") is { } two ? two : Parse(words[0]);
    }

    // A date has a dash at its fifth place: 12.5 and 1234567890 are none.
    private static DateTimeOffset? Parse(string text) => text.Length >= 10 && text[4] is '-' or '/'
        && DateTimeOffset.TryParse(text.Replace(',', '.'), CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at : null;
}
