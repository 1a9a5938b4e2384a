using LifecycleManager.Primitives.Text;

namespace LifecycleManager.Primitives.Tests.Text;

/// <summary>What an instance costs in an hour.</summary>
public sealed class PriceLabelTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("0.12", 0.12)]
    [InlineData("1000000", 1_000_000)]
    public void A_price_is_a_decimal_number(string text, double price)
    {
        Assert.True(PriceLabel.TryParse(text, out var read));
        Assert.Equal(price, read);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("0,12")]
    [InlineData("1e3")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("1000000.01")]
    [InlineData("0.12 EUR")]
    public void What_else_is_written_is_none(string? text) => Assert.False(PriceLabel.TryParse(text, out _));
}
