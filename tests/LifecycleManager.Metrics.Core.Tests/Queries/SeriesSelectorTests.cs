using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Core.Tests.Queries;

public class SeriesSelectorTests
{
    private static bool Accepts(string selector, params (string, string)[] labels)
    {
        Assert.True(SeriesSelector.TryParse(selector, out var parsed, out var error), error);
        return parsed!.Accepts(labels.ToDictionary(label => label.Item1, label => label.Item2));
    }

    [Theory]
    [InlineData("m", true)]
    [InlineData("m{}", true)]
    [InlineData("m{a=\"x\"}", true)]
    [InlineData("m{a='x',}", true)]
    [InlineData(" m { a = \"x\" , b != \"x\" } ", true)]
    [InlineData("m{a=\"y\"}", false)]
    [InlineData("m{b=\"\"}", true)]
    [InlineData("m{a!=\"\"}", true)]
    [InlineData("m{a=~\"x|y\"}", true)]
    [InlineData("m{a=~\"\"}", false)]
    [InlineData("m{a!~\"[^x]\"}", true)]
    [InlineData("m{a=~\".*z.*\"}", false)]
    public void Matchers_select_as_prometheus_does(string selector, bool accepted) =>
        Assert.Equal(accepted, Accepts(selector, ("a", "x")));

    [Fact]
    public void A_regular_expression_is_anchored_and_takes_line_breaks_and_escapes()
    {
        Assert.False(Accepts("m{a=~\"b\"}", ("a", "abc")));
        Assert.True(Accepts("m{a=~\"a.c\"}", ("a", "a\nc")));
        Assert.True(Accepts("m{a=\"q\\\"\\\\\\n\"}", ("a", "q\"\\\n")));
    }

    [Theory]
    [InlineData("", "a metric name is needed at character 1")]
    [InlineData("{a=\"b\"}", "a metric name is needed at character 1")]
    [InlineData("m{", "a label name is needed at character 3")]
    [InlineData("m{a", "one of = != =~ !~ is needed at character 4")]
    [InlineData("m{a=b}", "a quoted value is needed at character 5")]
    [InlineData("m{a=\"b", "a quoted value is needed")]
    [InlineData("m{a=\"b\" c=\"d\"}", "',' or '}' is needed at character 9")]
    [InlineData("m{a=\"b\"}[1m]", "nothing may follow the selector at character 9")]
    [InlineData("m{a=~\"(\"}", "the regular expression cannot be used")]
    [InlineData("m{a=~\"(?=x)\"}", "the regular expression cannot be used")]
    public void A_malformed_selector_is_refused_with_its_place(string text, string message)
    {
        Assert.False(SeriesSelector.TryParse(text, out _, out var error));
        Assert.StartsWith(message, error, StringComparison.Ordinal);
    }
}
