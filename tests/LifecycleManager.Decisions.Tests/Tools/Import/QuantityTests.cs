using System.Globalization;
using System.Text.Json;
using LifecycleManager.Decisions.Tools.Import;

namespace LifecycleManager.Decisions.Tests.Tools.Import;

/// <summary>Quantities beside what apimachinery makes of them, <c>Data/quantities.jsonl</c>.</summary>
public sealed class QuantityTests
{
    [Fact]
    public void Every_recorded_quantity_is_read_as_kubernetes_reads_it()
    {
        var (good, bad) = (0, 0);
        var differ = new List<string>();
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", "quantities.jsonl")))
        {
            using var json = JsonDocument.Parse(line);
            var (text, value) = (json.RootElement.GetProperty("s").GetString()!, json.RootElement.GetProperty("v").GetString()!);
            var read = Quantity.TryParse(text, out var quantity) ? quantity.ToString() : "invalid";
            if (read != value) differ.Add($"'{text}' is {value}, here {read}");
            if (value == "invalid") bad++;
            else good++;
        }

        Assert.Equal([], differ);
        Assert.True(good > 100 && bad > 15, string.Create(CultureInfo.InvariantCulture, $"{good} and {bad}"));
    }

    [Theory]
    [InlineData("1e999999999")]
    [InlineData("1e401")]
    [InlineData("1E-99999999999999999999")]
    public void An_exponent_beyond_all_sense_is_refused_and_costs_nothing(string text) =>
        Assert.False(Quantity.TryParse(text, out _));
}
