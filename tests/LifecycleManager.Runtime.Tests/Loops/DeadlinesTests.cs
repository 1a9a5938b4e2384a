using CsCheck;
using LifecycleManager.Runtime.Loops;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Runtime.Tests.Loops;

public sealed class DeadlinesTests
{
    [Fact]
    public void Each_is_taken_when_it_is_due_never_before_and_in_order()
    {
        var delays = Gen.Long[0, 5_000].Select(milliseconds => TimeSpan.FromMilliseconds(milliseconds)).List[0, 40];
        Gen.Select(delays, Gen.Int[1, 700].List[1, 40], Gen.Bool.List[40]).Sample((all, steps, cancels) =>
        {
            var time = new FakeTimeProvider();
            var begin = time.GetUtcNow();
            var deadlines = new Deadlines<int>(time);
            var added = all.Select((delay, index) => deadlines.Add(delay, index)).ToList();
            var open = new List<(TimeSpan Due, int Index)>();
            for (var index = 0; index < all.Count; index++)
            {
                if (cancels[index]) added[index].Cancel();
                else open.Add((all[index], index));
            }

            foreach (var step in steps)
            {
                time.Advance(TimeSpan.FromMilliseconds(step));
                var now = time.GetUtcNow() - begin;
                var taken = new List<int>();
                while (deadlines.TryTake(out var what)) taken.Add(what);
                Assert.Equal(open.Where(due => due.Due <= now).OrderBy(due => due.Due).ThenBy(due => due.Index)
                    .Select(due => due.Index), taken);
                open.RemoveAll(due => due.Due <= now);
                Assert.Equal(open.Count == 0 ? null : open.Min(due => due.Due) - now, deadlines.NextDue);
            }
        });
    }

    [Fact]
    public void A_clock_that_is_set_moves_nothing()
    {
        var time = new SettableTime();
        var deadlines = new Deadlines<string>(time);
        deadlines.Add(TimeSpan.FromSeconds(10), "due");
        time.WallOffset -= TimeSpan.FromHours(2);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(deadlines.TryTake(out _));
        deadlines.Add(TimeSpan.MaxValue, "never");
        time.WallOffset += TimeSpan.FromDays(1000);
        Assert.False(deadlines.TryTake(out _));
    }
}
