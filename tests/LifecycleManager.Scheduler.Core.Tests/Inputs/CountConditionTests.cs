using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Inputs;

namespace LifecycleManager.Scheduler.Core.Tests.Inputs;

public sealed class CountConditionTests
{
    private static readonly AppId Web = new("/web");
    private static readonly DateTimeOffset Made = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(3, 3, 5, true)]
    [InlineData(null, 3, 5, true)]
    [InlineData(3, 4, 5, false)]
    // Somebody else has made the change already.
    [InlineData(3, 5, 5, true)]
    public void A_count_that_is_not_as_it_was_is_not_changed(int? expected, int present, int asked, bool passes)
    {
        var condition = new CountCondition(Web, expected, Made);
        void Check() => condition.Check(Record(present), Definition(asked));
        if (passes)
        {
            Check();
            return;
        }

        var refused = Assert.Throws<CountConditionException>(Check);
        Assert.Equal((present, Made), (refused.Instances, refused.CreatedAt));
        Assert.Contains("has 4 instances; nothing was changed", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_app_that_was_made_anew_is_another() => Assert.Throws<CountConditionException>(
        () => new CountCondition(Web, 3, Made.AddSeconds(1)).Check(Record(3), Definition(5)));

    [Fact]
    public void One_that_is_gone_is_not_found() =>
        Assert.Throws<AppNotFoundException>(() => new CountCondition(Web, 3, Made).Check(null, null));

    private static AppRecord Record(int instances) => new(Definition(instances), Made, Made);

    private static AppDefinition Definition(int instances) =>
        AppDefinition.FromWire(new App { Id = "/web", Cmd = "sleep 1", Instances = instances });
}
