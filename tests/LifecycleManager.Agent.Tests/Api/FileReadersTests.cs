using LifecycleManager.Agent.Api;
using LifecycleManager.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Time.Testing;

namespace LifecycleManager.Agent.Tests.Api;

public sealed class FileReadersTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_reader_that_takes_nothing_holds_one_block_and_is_left_in_time()
    {
        using var file = new EndlessFile(100 * FileReaders.Block);
        var body = new StuckBody();
        var (context, aborted) = Context(body);
        var sending = new FileReaders(_time).Download(file, "stdout").ExecuteAsync(context);

        // Its time has begun by then.
        await body.Written;
        Assert.Equal(FileReaders.Block, file.Position);

        _time.Advance(FileReaders.MaxWait - TimeSpan.FromSeconds(1));
        Assert.False(sending.IsCompleted);
        Assert.Equal(FileReaders.Block, file.Position);
        _time.Advance(TimeSpan.FromSeconds(1));

        await sending.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(aborted());
        Assert.True(file.IsClosed);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_sent_ends_where_the_file_ended_at_first(bool tail)
    {
        const int Length = (3 * FileReaders.Block) + 5;
        using var file = new EndlessFile(Length);
        using var body = new MemoryStream();
        var (context, _) = Context(body);
        var readers = new FileReaders(_time);

        await (tail ? readers.Tail(file, follow: false) : readers.Download(file, "stdout")).ExecuteAsync(context);

        Assert.Equal(Length, body.Length);
        Assert.True(file.IsClosed);
    }

    [Fact]
    public async Task No_more_read_at_once_than_stated_and_who_leaves_makes_room()
    {
        var readers = new FileReaders(_time);
        var running = new List<(HttpContext Context, Task Sending)>();
        for (var i = 0; i < FileReaders.MaxReaders; i++)
        {
            var (context, _) = Context(new StuckBody());
            running.Add((context, readers.Tail(new EndlessFile(10), follow: true).ExecuteAsync(context)));
        }

        using var refused = new EndlessFile(10);
        Assert.Equal(503, ((IStatusCodeHttpResult)readers.Download(refused, "x")).StatusCode);
        Assert.True(refused.IsClosed);

        running[0].Context.Abort();
        await running[0].Sending;
        Assert.IsNotAssignableFrom<IStatusCodeHttpResult>(readers.Download(new EndlessFile(10), "x"));
        foreach (var (context, sending) in running.Skip(1))
        {
            context.Abort();
            await sending;
        }
    }

    private static (HttpContext Context, Func<bool> Aborted) Context(Stream body)
    {
        var context = new DefaultHttpContext();
        var lifetime = new Lifetime();
        context.Features.Set<IHttpRequestLifetimeFeature>(lifetime);
        context.Response.Body = body;
        return (context, () => lifetime.RequestAborted.IsCancellationRequested);
    }

    private sealed class Lifetime : IHttpRequestLifetimeFeature, IDisposable
    {
        private readonly CancellationTokenSource _source = new();

        public CancellationToken RequestAborted
        {
            get => _source.Token;
            set => throw new NotSupportedException();
        }

        public void Abort() => _source.Cancel();

        public void Dispose() => _source.Dispose();
    }

    /// <summary>A file that grows as quickly as it is read.</summary>
    private sealed class EndlessFile(long length) : Stream
    {
        private long _position;

        public bool IsClosed { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => length + _position;

        public override long Position
        {
            get => Volatile.Read(ref _position);
            set => _position = value;
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            Volatile.Write(ref _position, _position + count);
            return count;
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        protected override void Dispose(bool disposing)
        {
            IsClosed = true;
            base.Dispose(disposing);
        }
    }

    /// <summary>The other end reads nothing.</summary>
    private sealed class StuckBody : MemoryStream
    {
        private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Completes with the first write, which never does.</summary>
        public Task Written => _written.Task;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _written.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
    }
}
