using System.ComponentModel.DataAnnotations;

namespace LifecycleManager.Runtime.Tests;

public sealed class OptionRangesTests
{
    public static TheoryData<Options, string> Wrong => new()
    {
        { new Options { Time = TimeSpan.Zero }, "Options.Time must be at least 1s and at most 1h" },
        { new Options { Time = TimeSpan.FromHours(2) }, "Options.Time must be at least 1s and at most 1h" },
        { new Options { Count = 0 }, "Options.Count must be at least 1 and at most 5" },
        { new Options { Share = double.NaN }, "Options.Share must be more than 0 and at most 1" },
        { new Options { Share = 0 }, "Options.Share must be more than 0 and at most 1" },
    };

    [Fact]
    public void What_is_within_its_range_or_absent_passes()
    {
        OptionRanges.Check(new Options());
        OptionRanges.Check(new Options { Time = TimeSpan.FromHours(1), Count = 5, Share = 1 });
    }

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(Wrong))]
    public void What_is_out_of_its_range_is_named_with_the_range(Options options, string message) =>
        Assert.StartsWith(message, Assert.Throws<ArgumentOutOfRangeException>(() => OptionRanges.Check(options)).Message);

    public sealed record Options
    {
        [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
        public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(1);

        [Range(1, 5)]
        public int? Count { get; init; }

        [Range(0.0, 1.0, MinimumIsExclusive = true)]
        public double Share { get; init; } = 0.5;

        public int Free { get; init; }
    }
}
