using LifecycleManager.Runtime.Health;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Runtime.Tests.Health;

public sealed class RoleHealthTests
{
    private readonly RoleHealth _health = new(new FakeTimeProvider());

    [Fact]
    public void It_is_what_its_parts_and_loops_say()
    {
        Assert.Equal(("UP", "starting"), (_health.Verdict().Status, _health.Verdict().Detail));
        _health.State = () => "leading";
        var problem = (string?)null;
        using var loop = _health.Loop("the loop");
        using var ended = _health.Loop("the second loop");
        using (_health.Watch(() => problem))
        {
            Assert.Equal(("UP", "leading"), (_health.Verdict().Status, _health.Verdict().Detail));
            problem = "the store refuses writes";
            ended.End(new InvalidDataException("a defect"));
            Assert.Equal(("DOWN", "the store refuses writes; the second loop has failed: a defect"),
                (_health.Verdict().Status, _health.Verdict().Detail));
        }

        ended.Dispose();
        Assert.True(_health.Verdict().IsUp);
    }

    [Fact]
    public void A_part_that_cannot_say_how_it_is_is_not_well()
    {
        _health.Watch(() => throw new InvalidDataException("broken"));
        Assert.Equal(["a part cannot say how it is: broken"], _health.Verdict().Reasons);
    }
}
