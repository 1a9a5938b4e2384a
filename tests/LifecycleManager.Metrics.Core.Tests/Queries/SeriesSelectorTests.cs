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
    [InlineData("m{le=\"1\"}", true)]
    [InlineData("m{le=\"1.0\"}", true)]
    [InlineData("m{le=\"1e0\"}", true)]
    [InlineData("m{le=\"10\"}", false)]
    [InlineData("m{le!=\"1\"}", false)]
    [InlineData("m{le=~\"1|5\"}", true)]
    [InlineData("m{le=~\"1.0|5.0\"}", true)]
    [InlineData("m{le!~\"1|5\"}", false)]
    public void Bounds_are_compared_as_numbers(string selector, bool accepted)
    {
        Assert.Equal(accepted, Accepts(selector, ("le", "1.0")));
        Assert.Equal(accepted, Accepts(selector, ("le", "1")));
    }

    [Theory]
    [InlineData("{\"my metric\"}", "my metric")]
    [InlineData("{ \"my.metric\", \"a.b\" = \"c\", }", "my.metric")]
    [InlineData("{\"a.b\"=\"c\",'my\\'metric'}", "my'metric")]
    [InlineData("my.metric{\"a.b\"='c'}", "my.metric")]
    public void Names_in_quotes_are_those_of_prometheus_3(string text, string name)
    {
        Assert.True(SeriesSelector.TryParse(text, out var selector, out var error), error);
        Assert.Equal(name, selector!.Name);
    }

    [Theory]
    [InlineData("a.b")]
    [InlineData("a_b")]
    [InlineData("a_dot_b")]
    [InlineData("U__a_2e_b")]
    public void A_label_is_found_under_what_escaping_makes_of_its_name(string label)
    {
        Assert.True(Accepts("m{\"a.b\"=\"c\"}", (label, "c")));
        Assert.False(Accepts("m{a.b!=\"c\"}", (label, "c")));
    }

    [Theory]
    [InlineData("m{\"n\"}", "the metric has a name already at character 6")]
    [InlineData("{\"\"}", "a label name is needed")]
    [InlineData("{}", "a metric name is needed at character 1")]
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
