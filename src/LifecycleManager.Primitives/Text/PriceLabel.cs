using System.Globalization;

namespace LifecycleManager.Primitives.Text;

/// <summary>
/// The label <c>lcm.price</c> of an app: what one instance costs in an hour, in whatever currency all labels and budgets are in.
/// </summary>
public static class PriceLabel
{
    /// <summary>Its name.</summary>
    public const string Name = "lcm.price";

    /// <summary>How its value is written, for those who did otherwise.</summary>
    public const string Form = "must be what an instance costs in an hour, such as 0.12";

    /// <summary>The highest price: a million an hour.</summary>
    private const double Max = 1_000_000;

    /// <summary>Reads a value: a decimal number from zero to a million.</summary>
    public static bool TryParse(string? text, out double price) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out price) && price <= Max;
}
