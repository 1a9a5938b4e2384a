namespace LifecycleManager.Rules.Tests;

/// <summary>What rules can read of facts, and what they cannot.</summary>
public sealed class FactsTests
{
    private static readonly App Web = new()
    {
        Id = "/shop/web",
        Instances = 3,
        Wanted = 4,
        Priority = 5,
        Cpus = 0.5,
        Memory = 256,
        Readings = new Dictionary<string, double?>
        {
            ["cpu"] = 0.7,
            ["lost"] = null,
            ["odd"] = double.NaN,
            ["endless"] = double.PositiveInfinity,
        },
    };

    private static readonly App Api = new()
    {
        Id = "/shop/api",
        Instances = 1,
        Wanted = 1,
        Cpus = 1,
        Memory = 512,
        Readings = new Dictionary<string, double?> { ["cpu"] = 0.1 },
    };

    [Fact]
    public void A_reading_that_is_known_is_read()
    {
        Assert.True(Web.Has("cpu"));
        Assert.Equal((0.7, 0.7), (Web.Reading("cpu"), Web["cpu"]));
    }

    [Theory]
    [InlineData("lost", "lost of /shop/web is unknown")]
    [InlineData("odd", "odd of /shop/web is unknown")]
    [InlineData("endless", "endless of /shop/web is unknown")]
    [InlineData("cpuu", "the policy of /shop/web has no metric 'cpuu'")]
    public void A_reading_that_is_unknown_throws_when_it_is_read(string name, string message)
    {
        Assert.False(Web.Has(name));
        Assert.Equal(message, Assert.Throws<UnknownReadingException>(() => Web[name]).Message);
    }

    [Fact]
    public void An_app_of_the_next_round_is_another_fact()
    {
        var next = Web with { Wanted = 6 };
        Assert.NotEqual(Web, Web with { });
        Assert.Equal((6, 0.7, "/shop/web"), (next.Wanted, next["cpu"], next.ToString()));
        Assert.Equal("nomad /shop/web", (Web with { Target = "nomad" }).ToString());
    }

    [Fact]
    public void A_group_is_the_sum_of_its_apps()
    {
        var group = new Group("all", [Api, Web]);
        Assert.Equal((4, 5, 2.5, 1280.0), (group.Instances, group.Wanted, group.Cpus, group.Memory));
        Assert.Equal((0.1, 0.7), (group.Least("cpu"), group.Greatest("cpu")));
        Assert.Equal(0.8, group.Sum("cpu"), 6);
        Assert.Throws<UnknownReadingException>(() => group.Sum("lost"));
        Assert.Throws<UnknownReadingException>(() => new Group("none", []).Least("cpu"));
        Assert.Equal(0, new Group("none", []).Sum("cpu"));
    }

    [Fact]
    public void What_waits_for_an_app_has_a_higher_priority_at_its_target()
    {
        var cluster = new Cluster([new("", 6, 2), new("", 5, 4), new("nomad", 9, 8), new("", 7, 1)]);
        Assert.Equal((3, 7, 0), (cluster.Waiting(Web), cluster.Waiting(Api), cluster.Waiting(Web with { Priority = 9 })));
        Assert.Equal(8, cluster.Waiting(Web with { Target = "nomad" }));
        Assert.Throws<UnknownReadingException>(() => new Cluster(null).Waiting(Web));
    }

    [Fact]
    public void A_clock_has_the_hours_of_a_zone()
    {
        var clock = new Clock(new DateTimeOffset(2026, 7, 1, 9, 30, 0, TimeSpan.FromHours(2)));
        Assert.Equal((7, 8), (clock.Now.Hour, clock.In("Europe/London").Hour));
        Assert.Throws<TimeZoneNotFoundException>(() => clock.In("Europe/Nowhere"));
    }

    [Fact]
    public void A_reason_is_one_line_of_bounded_length()
    {
        Assert.Equal("a b", new AtLeast(Web, 1, "a\nb").Because);
        Assert.Equal(RuleOutput.MaxReason, new Hold(Web, Direction.Both, new string('x', 10_000)).Because.Length);
        Assert.Throws<ArgumentException>(() => new AtMost(Web, 1, " "));
        Assert.Throws<ArgumentOutOfRangeException>(() => new AtMost(Web, -1, "so"));
        Assert.Throws<ArgumentNullException>(() => new AtLeast(null!, 1, "so"));
    }
}
