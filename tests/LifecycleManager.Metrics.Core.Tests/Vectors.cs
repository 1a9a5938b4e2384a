using System.Globalization;
using System.Text.Json;

namespace LifecycleManager.Metrics.Core.Tests;

/// <summary>What Prometheus 3.16 came to.</summary>
internal static class Vectors
{
    public static IEnumerable<JsonElement> Read(string file) =>
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", file)).Select(line => JsonDocument.Parse(line).RootElement);

    /// <summary>A number as JSON has it, or as Go writes it.</summary>
    public static double Number(this JsonElement value) =>
        value.ValueKind == JsonValueKind.Number ? value.GetDouble() : Number(value.GetString()!);

    public static double Number(string value) => value switch
    {
        "NaN" => double.NaN,
        "+Inf" or "Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(value, CultureInfo.InvariantCulture),
    };

    /// <summary>Whether two results are equal; the last bits may differ where the order of two operations does.</summary>
    public static bool AreEqual(double a, double b) =>
        a.Equals(b) || Math.Abs(a - b) <= 1e-12 * Math.Max(Math.Abs(a), Math.Abs(b));
}
