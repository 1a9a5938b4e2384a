using System.Globalization;
using System.Text;
using LifecycleManager.Scheduler.Core.Events;
using LifecycleManager.Scheduler.Events;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Scheduler.Tests.Events;

public sealed class EventBusTests
{
    private const int Limit = 10_000;

    private readonly FakeTimeProvider _time = new();
    private readonly List<(string Who, string Why)> _dropped = [];

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Fact]
    public void Each_subscriber_gets_each_event_that_it_wants_once_and_in_order()
    {
        using var bus = Bus();
        using var all = bus.Subscribe(null, full: false, "all");
        using var some = bus.Subscribe(new HashSet<string> { "b" }, full: false, "some");
        Assert.Equal(["event_stream_attached", "event_stream_attached"], Read(all).Select(Type));
        foreach (var (type, number) in (IEnumerable<(string, int)>)[("a", 1), ("b", 2), ("a", 3), ("b", 4)])
            bus.Publish(Event(type, number));

        Assert.Equal(["1", "2", "3", "4"], Read(all).Select(Text));
        Assert.Equal(["2", "4"], Read(some).Select(Text));
        Assert.Equal(0, bus.WaitingBytes);
        bus.Publish(Event("a", 5));
        Assert.Empty(Read(some));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Whatever_readers_do_none_misses_an_event_and_what_waits_is_bounded(int seed)
    {
        var random = new Random(seed);
        var bus = Bus(maxSubscribers: 8);
        var readers = new List<Reader>();
        var published = new List<(long At, int Number, int Size)>();
        for (var step = 0; step < 3_000; step++)
        {
            switch (random.Next(10))
            {
                case 0 when readers.Count < 8:
                    var reader = new Reader(bus.Subscribe(new HashSet<string> { "a" }, full: random.Next(2) == 0, $"r{step}"),
                        published.Count);
                    readers.Add(reader);
                    break;
                case 1 when readers.Count > 0:
                    var leaving = readers[random.Next(readers.Count)];
                    readers.Remove(leaving);
                    leaving.Events.Dispose();
                    break;
                case 2:
                    _time.Advance(TimeSpan.FromSeconds(random.Next(4)));
                    break;
                case 3 or 4 or 5:
                    var size = random.Next(20) == 0 ? random.Next(1, 3 * Limit) : random.Next(1, 400);
                    published.Add((_time.GetTimestamp(), published.Count, size));
                    bus.Publish(Event("a", published.Count - 1, size));
                    break;
                default:
                    if (readers.Count > 0) readers[random.Next(readers.Count)].Take(random.Next(12), published.Count);
                    break;
            }

            // Every one that is left has all that it has not taken, and none is left that is too far behind.
            Assert.True(bus.WaitingBytes <= Limit || bus.WaitingBytes <= published.Max(one => one.Size) * 3,
                $"{bus.WaitingBytes} bytes wait");
            foreach (var gone in readers.Where(one => one.Events.Dropped.IsCancellationRequested).ToList()) readers.Remove(gone);
            foreach (var left in readers)
            {
                if (left.Next < published.Count)
                    Assert.True(_time.GetElapsedTime(published[left.Next].At) < EventBus.MaxLag,
                        "an event waits for longer than one may");
            }
        }

        // Whoever is left gets the rest to the last.
        foreach (var left in readers) left.Take(int.MaxValue, published.Count);
        Assert.All(readers, left => Assert.Equal(published.Count, left.Next));
        Assert.Equal(0, bus.WaitingBytes);
        Assert.NotEmpty(_dropped);
        foreach (var left in readers) left.Events.Dispose();
        bus.Dispose();
    }

    [Fact]
    public void A_reader_that_leaves_an_event_waiting_for_30_s_is_dropped_counted_and_named()
    {
        using var bus = Bus();
        using var slow = bus.Subscribe(null, full: false, "10.0.0.7");
        using var good = bus.Subscribe(null, full: false, "10.0.0.8");
        Read(slow);
        Read(good);
        bus.Publish(Event("a", 1));
        _time.Advance(TimeSpan.FromSeconds(20));
        bus.Publish(Event("a", 2));
        Read(good);
        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(slow.Dropped.IsCancellationRequested);
        _time.Advance(TimeSpan.FromSeconds(0.1));

        Assert.True(slow.Dropped.IsCancellationRequested);
        Assert.Equal([("10.0.0.7", "an event waited for it for 30 s")], _dropped);
        Assert.False(slow.TryRead(out _));
        Assert.Equal((1, 0), (bus.Count, bus.WaitingBytes));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(good.Dropped.IsCancellationRequested);
    }

    [Fact]
    public void Who_reads_slowly_but_goes_on_is_kept()
    {
        using var bus = Bus();
        using var slow = bus.Subscribe(new HashSet<string> { "a" }, full: false, "slow");
        for (var number = 0; number < 200; number++)
        {
            bus.Publish(Event("a", number));
            _time.Advance(TimeSpan.FromSeconds(1));
            if (number < 25) continue;
            Assert.True(slow.TryRead(out var next));
            Assert.Equal($"{number - 25}", Text(next));
            slow.Release();
        }

        Assert.Empty(_dropped);
    }

    [Fact]
    public void The_slowest_is_dropped_when_too_much_waits_and_a_single_event_is_never_too_much()
    {
        using var bus = Bus();
        using var stopped = bus.Subscribe(new HashSet<string> { "a" }, full: false, "stopped");
        using var behind = bus.Subscribe(new HashSet<string> { "a" }, full: false, "behind");
        bus.Publish(Event("a", 1, 6_000));
        bus.Publish(Event("a", 2, 3_000));
        Assert.True(behind.TryRead(out _));
        behind.Release();
        bus.Publish(Event("a", 3, 3_000));

        Assert.Equal([("stopped", "more than 0 MB waited for it")], _dropped);
        Assert.Equal(["2", "3"], Read(behind).Select(Text));
        bus.Publish(Event("a", 4, 20 * Limit));
        Assert.Equal(["4"], Read(behind).Select(Text));
        Assert.Single(_dropped);
    }

    [Fact]
    public async Task A_plan_in_full_is_made_once_and_counts_once_however_many_want_it()
    {
        using var bus = Bus();
        var readers = Enumerable.Range(0, 20).Select(i => bus.Subscribe(new HashSet<string> { "a" }, full: i % 2 == 0, $"r{i}"))
            .ToList();
        var made = 0;
        bus.Publish(Event("a", 1, 100) with
        {
            WriteFull = () =>
            {
                made++;
                return [new byte[1_000], new byte[2_000]];
            },
        });
        Assert.Equal((0, 100), (made, bus.WaitingBytes));
        foreach (var reader in readers)
        {
            Assert.True(reader.TryRead(out var waiting));
            var body = await reader.BodyAsync(waiting);
            Assert.Equal(readers.IndexOf(reader) % 2 == 0 ? 3_000 : 100, body.Sum(piece => piece.Length));
        }

        Assert.Equal((1, 3_100), (made, bus.WaitingBytes));
        foreach (var reader in readers) reader.Release();
        Assert.Equal(0, bus.WaitingBytes);
        foreach (var reader in readers) reader.Dispose();
        Assert.Equal(0, bus.Count);
    }

    [Fact]
    public void A_full_bus_takes_nobody_more()
    {
        using var bus = Bus(maxSubscribers: 1);
        using (bus.Subscribe(null, full: false, "one")) Assert.Throws<TooManySubscribersException>(() =>
            bus.Subscribe(null, full: false, "two"));
        using var three = bus.Subscribe(null, full: false, "three");
        Assert.Equal(1, bus.Count);
    }

    private EventBus Bus(int maxSubscribers = 100) => new(maxSubscribers, Limit, _time, (who, why) => _dropped.Add((who, why)));

    private static SchedulerEventMessage Event(string type, int number, int size = 0) =>
        new(type, default, Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture).PadRight(size)));

    private static string Text(WaitingEvent waiting) => Encoding.ASCII.GetString(waiting.Message.Json.Span).TrimEnd();

    private static string Type(WaitingEvent waiting) => waiting.Message.EventType;

    private static List<WaitingEvent> Read(EventSubscription from)
    {
        var read = new List<WaitingEvent>();
        while (from.TryRead(out var next)) read.Add(next);
        from.Release();
        return read;
    }

    private sealed class Reader(EventSubscription events, int next)
    {
        public EventSubscription Events { get; } = events;

        public int Next { get; private set; } = next;

        public void Take(int most, int published)
        {
            for (; most > 0 && Events.TryRead(out var waiting); most--) Assert.Equal($"{Next++}", Text(waiting));
            if (!Events.Dropped.IsCancellationRequested && most > 0) Assert.Equal(published, Next);
            Events.Release();
        }
    }
}
