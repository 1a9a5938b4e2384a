using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Decisions.Tests.Schedules;

/// <summary>Repeating intervals of ISO 8601 beside <c>Data/calendars/iso-repeating.jsonl</c>.</summary>
public sealed class IntervalRecurrenceTests
{
    [Fact]
    public void The_starts_are_those_of_the_vectors()
    {
        foreach (var vector in Vectors.Read("iso-repeating.jsonl"))
        {
            var text = vector.Text("text");
            if (vector.TryGetProperty("valid", out _))
            {
                Assert.Throws<FormatException>(() => IntervalRecurrence.Read(text, vector.Zone()));
                continue;
            }

            var wanted = Vectors.Times(vector.Text("at"));
            var interval = IntervalRecurrence.Read(text, vector.Zone());
            var most = vector.TryGetProperty("unbounded", out _) ? wanted.Count : wanted.Count + 1;
            Assert.Equal((text, Vectors.Show(wanted)), (text, Vectors.Show(interval.Fires(DateTimeOffset.MinValue, most))));
            if (vector.Find("next") is { } next)
                Assert.Equal((text, Vectors.Times(next)[0]), (text, interval.At(wanted.Count)!.Value));
        }
    }
}
