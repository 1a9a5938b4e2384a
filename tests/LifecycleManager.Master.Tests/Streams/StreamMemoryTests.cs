using System.IO.Pipelines;
using LifecycleManager.Master.Streams;
using LifecycleManager.Protocol.Mesos;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Tests.Streams;

public sealed class StreamMemoryTests
{
    private const int Event = 100_000;
    private readonly Lines _log = new();
    private int _dropped;

    [Fact]
    public async Task Whoever_most_waits_for_is_dropped_and_the_others_get_everything()
    {
        var memory = new StreamMemory(10 * Event, _log) { Dropped = () => _dropped++ };
        var slow = new Subscriber(memory, "slow");
        var slower = new Subscriber(memory, "slower");
        var quick = new Subscriber(memory, "quick");
        var reading = quick.ReadAsync(9);
        for (var i = 0; i < 9; i++) Assert.True(quick.Stream.Send("event"));
        Assert.Equal(9, (await reading).Count);
        await Eventually.TrueAsync(() => memory.Bytes == 0);
        for (var i = 0; i < 3; i++) slow.Stream.Send("event");
        for (var i = 0; i < 12; i++) slower.Stream.Send("event");

        await slower.Ended;

        Assert.True(slower.Stream.IsOverrun && !slower.Stream.Send("later"));
        Assert.StartsWith("The event stream of agent slower is dropped: ", Assert.Single(_log.Written), StringComparison.Ordinal);
        Assert.InRange(memory.Bytes, 1, 4 * Event);
        Assert.Equal(3, (await slow.ReadAsync(3)).Count);
        Assert.True(slow.Stream.Send("later"));
        Assert.Single(await slow.ReadAsync(1));

        slow.Stream.Close();
        quick.Stream.Close();
        await Task.WhenAll(slow.Ended, quick.Ended);
        Assert.Equal((0, 1), (memory.Bytes, _dropped));
    }

    [Fact]
    public async Task A_single_event_may_be_larger_than_the_bound()
    {
        var memory = new StreamMemory(Event / 2, _log);
        var subscriber = new Subscriber(memory, "one");
        subscriber.Stream.Send("event");
        await Eventually.TrueAsync(() => memory.Bytes > Event);

        Assert.Single(await subscriber.ReadAsync(1));
        Assert.False(subscriber.Stream.IsOverrun);
        await Eventually.TrueAsync(() => memory.Bytes == 0);

        subscriber.Stream.Send("event");
        subscriber.Stream.Send("event");
        await subscriber.Ended;
        Assert.True(subscriber.Stream.IsOverrun);
        Assert.Single(_log.Written);
    }

    /// <summary>A subscriber whose connection holds one event, and who reads when it is told to.</summary>
    private sealed class Subscriber
    {
        private readonly Pipe _connection = new(new PipeOptions(pauseWriterThreshold: Event / 2, resumeWriterThreshold: 1));

        public Subscriber(StreamMemory memory, string name)
        {
            Stream = new EventStream<string>(_ => new byte[Event], capacity: 100, memory) { AgentId = new AgentId(name) };
            var context = new DefaultHttpContext();
            context.Features.Set<IHttpResponseBodyFeature>(new Body(_connection.Writer));
            Ended = Stream.PumpAsync(context);
        }

        public EventStream<string> Stream { get; }

        public Task Ended { get; }

        public async Task<List<byte[]>> ReadAsync(int count)
        {
            var events = new List<byte[]>();
            var header = $"{Event}\n".Length;
            while (events.Count < count)
            {
                var read = await _connection.Reader.ReadAtLeastAsync(header + Event);
                events.Add(new byte[Event]);
                _connection.Reader.AdvanceTo(read.Buffer.GetPosition(header + Event));
            }

            return events;
        }
    }

    private sealed class Body(PipeWriter writer) : IHttpResponseBodyFeature
    {
        public Stream Stream => writer.AsStream();

        public PipeWriter Writer => writer;

        public void DisableBuffering()
        {
        }

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public Task CompleteAsync() => Task.CompletedTask;
    }

    private sealed class Lines : ILogger
    {
        public List<string> Written { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (Written) Written.Add(formatter(state, exception));
        }
    }
}
