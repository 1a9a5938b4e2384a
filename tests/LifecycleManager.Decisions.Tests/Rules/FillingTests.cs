using LifecycleManager.Decisions.Rules;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tests.Rules;

public sealed class FillingTests
{
    [Fact]
    public void Instances_are_those_with_a_value_those_that_start_and_the_silent()
    {
        var filling = Filling.Of(
            [
                new InstanceReading("a", 3, Ready: true, null),
                new InstanceReading("b", -1, Ready: true, null),
                new InstanceReading("silent", double.NaN, Ready: true, "it does not answer"),
                new InstanceReading("starts", 9, Ready: false, null),
            ],
            fill: 10, pending: 3);

        // A negative value counts as none; of three that are pending one is known already.
        Assert.Equal(new Filling(Ready: 2, Sum: 3, Filled: 13, Silent: 1, NotReady: 3), filling);
    }

    [Fact]
    public void A_value_of_a_part_of_the_window_is_filled_up_to_what_it_may_be()
    {
        var partial = new InstanceReading("a", 2, Ready: true, null) { Range = new Interval(2, 6) };
        Assert.Equal(6, Filling.Of([partial], fill: 10, pending: 0).Filled);
        Assert.Equal(4, Filling.Of([partial], fill: 4, pending: 0).Filled);
        Assert.Equal(2, Filling.Of([partial], fill: 1, pending: 0).Filled);
    }
}
