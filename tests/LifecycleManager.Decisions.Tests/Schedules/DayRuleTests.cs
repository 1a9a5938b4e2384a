using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Decisions.Tests.Schedules;

public sealed class DayRuleTests
{
    [Theory]
    [InlineData("business", "2026-12-25 2026-12-28", "2026-12-26 2026-12-27")]
    [InlineData("weekend", "2026-12-26 2026-12-27", "2026-12-25 2026-12-28")]
    [InlineData("Friday", "2026-12-25", "2026-12-24 2026-12-26")]
    [InlineData("FRI-mon", "2026-12-25 2026-12-26 2026-12-27 2026-12-28", "2026-12-24 2026-12-29")]
    [InlineData("2026-12-24", "2026-12-24", "2027-12-24 2026-12-25")]
    [InlineData("12-24", "2026-12-24 2031-12-24", "2026-12-25 2026-11-24")]
    [InlineData("02-29", "2028-02-29", "2027-02-28 2027-03-01")]
    public void A_word_is_some_days(string word, string inside, string outside)
    {
        var set = DaySet.Parse(word)!;
        Assert.All(Days(inside), day => Assert.True(set.Includes(day), $"{day:O}"));
        Assert.All(Days(outside), day => Assert.False(set.Includes(day), $"{day:O}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("mo")]
    [InlineData("mon-")]
    [InlineData("mon-tue-wed")]
    [InlineData("02-30")]
    [InlineData("2027-02-29")]
    [InlineData("24.12.2026")]
    public void Other_words_are_none(string word) => Assert.Null(DaySet.Parse(word));

    [Fact]
    public void What_is_left_out_wins()
    {
        var rule = new DayRule([DaySet.Parse("business")!], [DaySet.Parse("12-24")!, DaySet.Parse("2026-12-25")!]);
        Assert.Equal("business except 12-24, 2026-12-25", rule.Text);
        Assert.Equal([23, 28, 29], Enumerable.Range(23, 7).Where(day => rule.Includes(new DateOnly(2026, 12, day))));
        Assert.Equal("12-24", new DayRule([], [DaySet.Parse("12-24")!]).Text);
    }

    private static IEnumerable<DateOnly> Days(string text) => text.Split(' ').Select(day => DateOnly.Parse(day, null));
}
