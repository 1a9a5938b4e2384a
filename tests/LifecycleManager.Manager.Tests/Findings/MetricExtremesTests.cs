using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Findings;
using LifecycleManager.Manager.Status;

namespace LifecycleManager.Manager.Tests.Findings;

public sealed class MetricExtremesTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 30, 0, TimeSpan.Zero);
    private readonly MetricExtremes _extremes = new();

    [Fact]
    public void A_day_is_remembered_by_the_hour_and_no_more()
    {
        Add(0, 90);
        for (var minute = 1; minute <= 24 * 60; minute++) Add(minute, 5 + (minute % 3));
        var day = _extremes.Of("/a", "tpm", Start.AddMinutes(24 * 60))!.Value;
        Assert.Equal((5, 90, TimeSpan.FromDays(1)), (day.Least, day.Greatest, day.Covered));

        // An hour later what was there at the start is over a day old.
        for (var minute = (24 * 60) + 1; minute <= 25 * 60; minute++) Add(minute, 4);
        var later = _extremes.Of("/a", "tpm", Start.AddMinutes(25 * 60))!.Value;
        Assert.Equal((4, 7, TimeSpan.FromDays(1)), (later.Least, later.Greatest, later.Covered));
    }

    [Fact]
    public void What_is_not_known_has_no_range_and_what_has_ended_is_forgotten()
    {
        Assert.Null(_extremes.Of("/a", "tpm", Start));
        Add(0, null);
        Add(1, double.NaN);
        Assert.Null(_extremes.Of("/a", "tpm", Start.AddMinutes(2)));
        Add(2, 1);
        Assert.Equal(TimeSpan.FromMinutes(10), _extremes.Of("/a", "tpm", Start.AddMinutes(12))!.Value.Covered);
        _extremes.Add([], Start.AddHours(3));
        Assert.Null(_extremes.Of("/a", "tpm", Start.AddHours(3)));
    }

    private void Add(int minute, double? value) => _extremes.Add([Governed(value)], Start.AddMinutes(minute));

    private static GovernedApp Governed(double? value) => new()
    {
        App = "/a",
        Policy = "p",
        Instances = 1,
        Running = 1,
        Healthy = 1,
        Staged = 0,
        Deploying = false,
        Min = 1,
        Max = 2,
        Evaluation = new Decision { App = "/a", Policy = "p", Reason = "", From = 1, To = 1, At = Start },
        Metrics = [KeyValuePair.Create("tpm", value)],
    };
}
