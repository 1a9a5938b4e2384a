using System.Globalization;
using CsCheck;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Core.Tests.Queries;

public sealed class NumericLabelTests
{
    [Theory]
    [InlineData("1", "1.0")]
    [InlineData("1e0", "1.0")]
    [InlineData("+.5", "0.5")]
    [InlineData("inf", "+Inf")]
    [InlineData("1_000", "1000.0")]
    [InlineData("1000000", "1e+06")]
    [InlineData("0.00001", "1e-05")]
    [InlineData("-0", "0.0")]
    [InlineData("1e400", "1e400")]
    [InlineData("_1", "_1")]
    [InlineData("", "")]
    [InlineData("abc", "abc")]
    [InlineData("1 ", "1 ")]
    public void A_number_has_one_spelling_and_what_is_none_its_own(string value, string normal) =>
        Assert.Equal(normal, NumericLabel.Normalize(value));

    [Fact]
    public void The_shortest_spelling_gives_the_number_back() => Gen.Double.Sample(value =>
        !double.IsFinite(value)
        || double.Parse(NumericLabel.FormatShortest(value), CultureInfo.InvariantCulture).Equals(value));
}
