using System.Text.Json;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Primitives.Tests.Timing;

/// <summary>Durations beside Prometheus' parser, and Go's for fractions: <c>Data/durations.jsonl</c>.</summary>
public sealed class DurationTextTests(ITestOutputHelper output)
{
    private const string Blank = "blanks around it are taken";
    private const string Years = "there are no years: they are not of one length";
    private const string TooLong = "ten years are the longest";
    private const string Fraction = "a fraction of a day, which Prometheus has none of and Go no day for";

    /// <summary>Where the answers differ, and why.</summary>
    private static readonly Dictionary<string, string> Differences = new (string Reason, string Ids)[]
    {
        (Blank, "d27 d106 d108"), (Years, "d14 d95 d198 d227"), (TooLong, "d97 d99 d205"), (Fraction, "d146 d204 d219 d226"),
    }.SelectMany(one => one.Ids.Split(' ').Select(id => KeyValuePair.Create(id, one.Reason))).ToDictionary(StringComparer.Ordinal);

    [Fact]
    public void They_are_read_as_others_read_them()
    {
        var (different, same) = (new List<string>(), 0);
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", "durations.jsonl")))
        {
            using var json = JsonDocument.Parse(line);
            var vector = json.RootElement;
            var read = DurationText.TryParse(vector.GetProperty("text").GetString(), out var duration)
                ? duration.TotalMilliseconds : (double?)null;
            if (read == Milliseconds(vector, "prom") || (read is { } known && IsAbout(known, Milliseconds(vector, "go")))) same++;
            else different.Add(vector.GetProperty("id").GetString()!);
        }

        foreach (var id in different) output.WriteLine($"{id}: {Differences.GetValueOrDefault(id, "unexplained")}");
        Assert.Equal(Differences.Keys.Order(), different.Order());
        Assert.Equal(120 - Differences.Count, same);
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(1500, "1s500ms")]
    [InlineData(5_400_000, "1h30m")]
    [InlineData(-5_400_000, "-1h30m")]
    [InlineData(1_209_600_000, "14d")]
    public void They_are_written_the_shortest_way(double milliseconds, string text) =>
        Assert.Equal(text, DurationText.Format(TimeSpan.FromMilliseconds(milliseconds)));

    private static double? Milliseconds(JsonElement vector, string key) =>
        vector.GetProperty(key) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;

    /// <summary>Go counts nanoseconds, and a tick is a hundred of them.</summary>
    private static bool IsAbout(double read, double? wanted) => wanted is { } value && Math.Abs(read - value) < 0.0001;
}
