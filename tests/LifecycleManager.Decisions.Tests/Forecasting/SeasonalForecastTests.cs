using LifecycleManager.Decisions.Forecasting;
using LifecycleManager.Decisions.Tests.Engine;

namespace LifecycleManager.Decisions.Tests.Forecasting;

public sealed class SeasonalForecastTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void It_learns_a_daily_pattern_and_knows_its_own_error()
    {
        var forecast = new SeasonalForecast(TimeSpan.FromDays(1), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30));
        var random = new Random(1);
        for (var minute = 0; minute < 5 * 1440; minute++)
        {
            if (minute == 1000) Assert.Equal(double.NaN, forecast.Peak());
            forecast.Add(Start.AddMinutes(minute), Load(minute) + (random.NextDouble() * 4) - 2);
        }

        // Right before the rush of the next day: the forecast sees it, the present does not.
        for (var minute = 5 * 1440; minute < (5 * 1440) + (8 * 60) - 20; minute++)
            forecast.Add(Start.AddMinutes(minute), Load(minute));
        Assert.InRange(forecast.Peak(), 160, 200);
        Assert.InRange(forecast.Error, 0, 0.1);
    }

    [Fact]
    public void Noise_gives_a_large_error()
    {
        var forecast = new SeasonalForecast(TimeSpan.FromDays(1), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30));
        var random = new Random(2);
        for (var minute = 0; minute < 5 * 1440; minute += 10)
            forecast.Add(Start.AddMinutes(minute), random.NextDouble() < 0.1 ? 100 : 1);
        Assert.InRange(forecast.Error, 0.5, 5);
    }

    [Fact]
    public void Gaps_old_samples_and_nonsense_do_no_harm()
    {
        var forecast = new SeasonalForecast(TimeSpan.FromHours(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5));
        for (var i = 0; i < 60; i++) forecast.Add(Start.AddMinutes(5 * i), 10 + (i % 12));
        forecast.Add(Start, 1e9);
        forecast.Add(Start.AddMinutes(300), double.NaN);
        forecast.Add(Start.AddMinutes(300), double.PositiveInfinity);
        forecast.Add(Start.AddMinutes(325), 15);
        Assert.InRange(forecast.Peak(), 9, 25);
        forecast.Add(Start.AddDays(10), 15);
        Assert.Equal(0, forecast.Learnt);
        Assert.Equal(double.NaN, forecast.Peak());
    }

    [Fact]
    public void A_rule_scales_out_early_and_never_in()
    {
        const string Policy = """
            policy: search
            app: /search
            instances: { min: 1, max: 20 }
            metrics:
              rps: { prometheus: requests_total, rate: 1m, across: sum }
            rules:
              - rule: before the rush
                forecast: { metric: rps, value: 10, per: instance, season: 1d, ahead: 20m, step: 10m }
              - rule: load
                target: { metric: rps, value: 10, per: instance }
            scaleIn: { stabilization: 0s }
            scaleOut: { limit: none }
            """;
        var cluster = new Cluster(Policy, 5) { Now = Start };
        var atRush = new List<int>();
        for (var minute = 0; minute < 4 * 1440; minute++)
        {
            cluster.Metrics["requests_total"] = Load(minute);
            cluster.Tick(60);
            if (minute % 1440 == (8 * 60) - 2) atRush.Add(cluster.Instances);
        }

        // The first day it learns, on the second it has scored too little or acts; from the third it is there before the rush.
        Assert.Equal(5, atRush[0]);
        Assert.InRange(atRush[2], 15, 20);
        Assert.InRange(atRush[3], 15, 20);
        var decision = cluster.Engine.Explain(Cluster.App)!;
        Assert.Contains(decision.Recommendations, one => one.Rule == "before the rush"
            && one.Reason.Contains("(error ", StringComparison.Ordinal));
    }

    /// <summary>50 by night, 180 from 8 to 10, 100 until 20 o'clock.</summary>
    private static double Load(int minute) => (minute / 60 % 24) switch { < 8 => 50, < 10 => 180, < 20 => 100, _ => 50 };
}
