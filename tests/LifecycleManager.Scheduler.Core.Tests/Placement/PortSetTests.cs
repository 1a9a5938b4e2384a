using CsCheck;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Placement;

namespace LifecycleManager.Scheduler.Core.Tests.Placement;

public sealed class PortSetTests
{
    [Fact]
    public void It_is_a_set_of_ports_whatever_is_taken_and_returned() =>
        Gen.Select(Gen.Int[0, 30], Gen.Int[0, 30], Gen.Int[0, 30], Gen.Int[0, 30], Gen.Int[0, 31].Array[0, 60])
            .Sample((begin, end, otherBegin, otherEnd, actions) =>
            {
                var set =
                    new PortSet([new ValueRange((ulong)begin, (ulong)end), new ValueRange((ulong)otherBegin, (ulong)otherEnd)]);
                var model = new SortedSet<int>(Span(begin, end).Concat(Span(otherBegin, otherEnd)));
                foreach (var port in actions)
                {
                    if (port % 3 != 0) Assert.Equal(model.Remove(port), set.Take(port));
                    else
                    {
                        model.Add(port);
                        set.Return(port);
                    }
                }

                Assert.Equal(model, Enumerable.Range(0, set.Count).Select(set.At));
                Assert.All(Enumerable.Range(0, 32), port => Assert.Equal(model.Contains(port), set.Contains(port)));
            });

    private static IEnumerable<int> Span(int begin, int end) => begin <= end ? Enumerable.Range(begin, end - begin + 1) : [];
}
