using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Primitives.Tests.Text;

public sealed class LinearRegexTests
{
    [Theory]
    [InlineData("rack-[0-9]+", "rack-12", true)]
    [InlineData("rack-[0-9]+", "a rack-12", false)]
    [InlineData("a|b", "b", true)]
    [InlineData("a|b", "ab", false)]
    [InlineData("a", "a\n", false)]
    [InlineData("(?i)Rack", "rACK", true)]
    [InlineData("", "", true)]
    public void It_matches_the_whole_text(string expression, string text, bool matches) =>
        Assert.Equal(matches, LinearRegex.Parse(expression).IsMatch(text));

    [Theory]
    [InlineData("(")]
    [InlineData("a)|(b")]
    [InlineData("(a)\\1")]
    [InlineData("(?=a)a")]
    [InlineData("(?>a*)")]
    public void What_is_malformed_or_unbounded_is_refused(string expression) =>
        Assert.NotEmpty(Assert.Throws<FormatException>(() => LinearRegex.Parse(expression)).Message);

    [Fact]
    public void An_expression_has_a_bounded_length() =>
        Assert.Throws<FormatException>(() => LinearRegex.Parse(new string('a', LinearRegex.MaxLength + 1)));

    // Backtracking engines take some 2^n steps for the first, and n^3 for the second: without the bound this would not end.
    [Theory]
    [InlineData("([a-z0-9.-]+)+!")]
    [InlineData("(.*)(.*)(.*)!")]
    [InlineData("(a|aa)+!")]
    public void Time_is_linear_whatever_the_expression(string expression) =>
        Assert.False(LinearRegex.Parse(expression).IsMatch(new string('a', 100_000)));
}
