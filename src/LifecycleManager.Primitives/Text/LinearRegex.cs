using System.Text.RegularExpressions;

namespace LifecycleManager.Primitives.Text;

/// <summary>
/// A regular expression of a user's: it matches a whole text, in time linear in the text's length, whatever the expression is.
/// </summary>
/// <remarks>.NET's non-backtracking engine: derivatives of symbolic automata, as RE2 gives Prometheus its bound.</remarks>
public sealed class LinearRegex
{
    /// <summary>The longest expression, in characters: the automaton grows with it.</summary>
    public const int MaxLength = 1_024;

    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.Singleline | RegexOptions.NonBacktracking;
    private readonly Regex _regex;

    private LinearRegex(string expression, Regex regex) => (Expression, _regex) = (expression, regex);

    /// <summary>As it was written.</summary>
    public string Expression { get; }

    /// <summary>Reads an expression.</summary>
    /// <exception cref="FormatException">It is malformed, too long, or uses what takes unbounded time; the message says
    /// which.</exception>
    public static LinearRegex Parse(string expression)
    {
        ArgumentNullException.ThrowIfNull(expression);
        if (expression.Length > MaxLength) throw new FormatException($"the expression is longer than {MaxLength} characters");
        try
        {
            // By itself first: what closes a group that it did not open would escape from the anchors.
            _ = new Regex(expression, Options);
            return new LinearRegex(expression, new Regex($@"\A(?:{expression})\z", Options));
        }
        catch (NotSupportedException e)
        {
            throw new FormatException("lookarounds, backreferences, atomic groups and very large counts are not supported", e);
        }
        catch (ArgumentException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    /// <summary>Whether the whole text matches.</summary>
    public bool IsMatch(ReadOnlySpan<char> text) => _regex.IsMatch(text);

    /// <inheritdoc />
    public override string ToString() => Expression;
}
