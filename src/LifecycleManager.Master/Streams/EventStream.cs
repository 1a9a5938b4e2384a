using System.Net;
using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Threading.Channels;
using LifecycleManager.Protocol.Mesos;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LifecycleManager.Master.Streams;

/// <summary>A stream of any events.</summary>
internal interface IEventStream
{
    /// <summary>Ends the stream after what is queued.</summary>
    void Close();
}

/// <summary>
/// One subscriber's unending RecordIO answer. What is sent waits in a queue that is bounded by events, and by bytes with those of
/// all other streams; a subscriber that does not keep up is dropped and its connection aborted.
/// </summary>
/// <param name="encode">An event as JSON; called off the loop.</param>
/// <param name="capacity">How many events may wait.</param>
/// <param name="memory">Bounds the bytes.</param>
[SuppressMessage("Reliability", "CA1001", Justification =
    "A source without timer holds nothing, and may be cancelled after the end.")]
internal sealed class EventStream<T>(Func<T, byte[]> encode, int capacity, StreamMemory memory) : IEventStream, ILaggingStream
{
    private const int FlushAt = 64 * 1024;

    private readonly Channel<T> _queue = Channel.CreateBounded<T>(
        new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly CancellationTokenSource _abort = new();
    private readonly Queue<byte[]> _lagging = new();
    private bool _isDropped;

    /// <summary>The value of <c>Mesos-Stream-Id</c>.</summary>
    public string Id { get; } = Guid.NewGuid().ToString();

    /// <summary>Whose stream it is, once known.</summary>
    public AgentId? AgentId { get; set; }

    public FrameworkId? FrameworkId { get; set; }

    /// <summary>Where the subscriber's connection comes from, if that is known.</summary>
    public IPAddress? Remote { get; init; }

    /// <inheritdoc />
    public string Subscriber => AgentId is { } agent ? $"agent {agent.Value}"
        : FrameworkId is { } framework ? $"framework {framework.Value}" : "an operator";

    /// <summary>Whether nothing more can be sent.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Whether it was ended since the subscriber did not keep up.</summary>
    public bool IsOverrun => Volatile.Read(ref _isDropped);

    /// <summary>Why it was refused before its first event; null where it was not.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Ends the stream before its first event: it is answered with 503 and the cause.</summary>
    public void Refuse(string cause)
    {
        Refusal = cause;
        Close();
    }

    /// <summary>Queues an event. A full queue ends the stream.</summary>
    /// <returns>False when the stream has ended.</returns>
    public bool Send(T message)
    {
        if (IsClosed) return false;
        if (_queue.Writer.TryWrite(message)) return true;
        IsClosed = true;
        if (!_queue.Reader.Completion.IsCompleted) Drop();
        return false;
    }

    /// <inheritdoc />
    public void Drop()
    {
        if (!Interlocked.Exchange(ref _isDropped, true)) memory.Dropped();
        _queue.Writer.TryComplete();
        _abort.Cancel();
    }

    /// <summary>Ends the stream after what is queued.</summary>
    public void Close()
    {
        IsClosed = true;
        _queue.Writer.TryComplete();
    }

    /// <summary>The events, for a subscriber within the process.</summary>
    public IAsyncEnumerable<T> ReadAllAsync(CancellationToken cancellation = default) => _queue.Reader.ReadAllAsync(cancellation);

    /// <summary>Takes a queued event, for a subscriber within the process.</summary>
    public bool TryRead(out T message) => _queue.Reader.TryRead(out message!);

    /// <summary>Writes events to the answer until the stream or the connection ends.</summary>
    public async Task PumpAsync(HttpContext context)
    {
        var response = context.Response;
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _abort.Token);

        // Whether there will be a stream at all is known with its first event.
        await ((Task)_queue.Reader.WaitToReadAsync(ends.Token).AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Refusal is { } cause)
        {
            response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            await response.WriteAsync(cause, context.RequestAborted);
            return;
        }

        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "application/json";
        response.Headers["Mesos-Stream-Id"] = Id;
        response.Headers.CacheControl = "no-store";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        try
        {
            await response.StartAsync(ends.Token);
            await response.BodyWriter.FlushAsync(ends.Token);
            await WriteAsync(response.BodyWriter, ends.Token);
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
        catch (IOException)
        {
            // The subscriber went away while we wrote.
        }
        finally
        {
            _queue.Writer.TryComplete();
            memory.Remove(this);
        }
    }

    private async Task WriteAsync(PipeWriter writer, CancellationToken ends)
    {
        while (true)
        {
            var (events, bytes) = Fill(writer);
            if (events == 0)
            {
                if (!await _queue.Reader.WaitToReadAsync(ends)) return;
                continue;
            }

            var flush = writer.FlushAsync(ends);
            if (flush.IsCompleted) await flush;
            else await LagAsync(flush.AsTask(), events, bytes, ends);
        }
    }

    /// <summary>Takes what waits, some of it.</summary>
    private (int Events, long Bytes) Fill(PipeWriter writer)
    {
        var (events, bytes) = (0, 0L);
        while (bytes < FlushAt && TryTake(out var record))
        {
            writer.Write(record);
            events++;
            bytes += record.Length;
        }

        return (events, bytes);
    }

    private bool TryTake([NotNullWhen(true)] out byte[]? record)
    {
        if (_lagging.TryDequeue(out record))
        {
            memory.Remove(this, 1, record.Length);
            return true;
        }

        if (!_queue.Reader.TryRead(out var message)) return false;
        record = RecordIo.Frame(encode(message));
        return true;
    }

    /// <summary>The subscriber does not take what was written yet: what comes meanwhile is encoded, and so counted.</summary>
    private async Task LagAsync(Task flush, int events, long bytes, CancellationToken ends)
    {
        memory.Add(this, events, bytes);
        while (!flush.IsCompleted)
        {
            while (!IsOverrun && _queue.Reader.TryRead(out var message))
            {
                var record = RecordIo.Frame(encode(message));
                _lagging.Enqueue(record);
                memory.Add(this, 1, record.Length);
                if (_lagging.Count > capacity) Drop();
            }

            var more = _queue.Reader.WaitToReadAsync(ends).AsTask();
            await Task.WhenAny(flush, more);

            // Closed: nothing comes any more.
            if (more.IsCompleted && !await more) break;
        }

        await flush;
        memory.Remove(this, events, bytes);
    }
}
