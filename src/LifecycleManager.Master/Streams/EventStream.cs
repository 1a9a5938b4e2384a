using System.Diagnostics.CodeAnalysis;
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
/// One subscriber's unending RecordIO answer. What is sent waits in a bounded queue; a subscriber that does not keep up is
/// dropped and its connection aborted.
/// </summary>
/// <param name="encode">An event as JSON; called when the event is written, off the loop.</param>
/// <param name="capacity">How many events may wait.</param>
[SuppressMessage("Reliability", "CA1001", Justification =
    "A source without timer holds nothing, and may be cancelled after the end.")]
internal sealed class EventStream<T>(Func<T, byte[]> encode, int capacity) : IEventStream
{
    private const int FlushAt = 64 * 1024;

    private readonly Channel<T> _queue = Channel.CreateBounded<T>(
        new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly CancellationTokenSource _abort = new();

    /// <summary>The value of <c>Mesos-Stream-Id</c>.</summary>
    public string Id { get; } = Guid.NewGuid().ToString();

    /// <summary>Whose stream it is, once known.</summary>
    public AgentId? AgentId { get; set; }

    public FrameworkId? FrameworkId { get; set; }

    /// <summary>Whether nothing more can be sent.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Whether it was ended since the subscriber did not keep up.</summary>
    public bool IsOverrun { get; private set; }

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
        IsOverrun = !_queue.Reader.Completion.IsCompleted;
        IsClosed = true;
        _queue.Writer.TryComplete();
        _abort.Cancel();
        return false;
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
            while (await _queue.Reader.WaitToReadAsync(ends.Token))
            {
                var unflushed = 0;
                while (_queue.Reader.TryRead(out var message))
                {
                    var record = RecordIo.Frame(encode(message));
                    await response.BodyWriter.WriteAsync(record, ends.Token);
                    unflushed += record.Length;
                    if (unflushed < FlushAt) continue;
                    await response.BodyWriter.FlushAsync(ends.Token);
                    unflushed = 0;
                }

                await response.BodyWriter.FlushAsync(ends.Token);
            }
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
        }
    }
}
