using CsCheck;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Core.Tests.Windows;

public class SampleBufferTests
{
    [Fact]
    public void Keeps_what_a_plain_list_would_keep_and_never_more_than_its_bounds() =>
        Gen.Select(Gen.Long[1, 60].Array[0, 300], Gen.Long[1, 400], Gen.Int[1, 40]).Sample((steps, retention, most) =>
        {
            var buffer = new SampleBuffer();
            var model = new List<Sample>();
            long time = 1000, latest = 0;
            foreach (var step in steps)
            {
                // Now and then the clock is set back.
                time += step == 60 ? -100 : step;
                var sample = new Sample(time, step);
                buffer.Append(sample, retention, most);
                model.RemoveAll(old => old.Time >= time);
                model.Add(sample);
                if (model.Count > most) model.RemoveAt(0);
                if (buffer.Count > most) return false;
                // What is older than the retention, as the latest clock had it, may be there or not; the rest must be.
                latest = Math.Max(latest, time);
                var expected = model.Where(old => old.Time >= latest - retention).ToArray();
                if (!buffer.Between(latest - retention, time).SequenceEqual(expected)) return false;
            }

            return true;
        });

    [Fact]
    public void A_clock_that_went_back_ends_the_abandoned_future()
    {
        var buffer = new SampleBuffer();
        foreach (var time in (long[])[10, 20, 30, 15]) buffer.Append(new Sample(time, time), 1000, 100);
        Assert.Equal([new Sample(10, 10), new Sample(15, 15)], buffer.Samples.ToArray());
    }
}
