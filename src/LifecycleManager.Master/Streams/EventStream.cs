using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;
using LifecycleManager.Protocol.Mesos;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Master.Streams;

/// <summary>
/// An unending RecordIO response. The owner's loop writes without waiting; a reader that is further behind than the backlog is
/// dropped, never buffered without bound.
/// </summary>
/// <param name="backlog">The most events that may wait.</param>
internal sealed class EventStream<T>(JsonTypeInfo<T> type, int backlog)
{
    /// <summary>How many bytes are gathered before they are sent on.</summary>
    private const int FlushAfter = 64 * 1024;

    private readonly Channel<T> _events = Channel.CreateBounded<T>(
        new BoundedChannelOptions(backlog) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    /// <summary>The stream's id, <c>Mesos-Stream-Id</c>.</summary>
    public string Id { get; } = Guid.NewGuid().ToString();

    /// <summary>Adds an event; false when the stream is at its end or its reader too far behind, which ends it.</summary>
    public bool Write(T message)
    {
        if (_events.Writer.TryWrite(message)) return true;
        _events.Writer.TryComplete();
        return false;
    }

    /// <summary>Ends the stream after what has been written.</summary>
    public void Complete() => _events.Writer.TryComplete();

    /// <summary>Sends the events until the stream's end or the client's.</summary>
    public async Task SendAsync(HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "application/json";
        response.Headers["Mesos-Stream-Id"] = Id;
        response.Headers.CacheControl = "no-store";
        var cancellation = context.RequestAborted;
        await response.StartAsync(cancellation);
        var unsent = 0;
        while (await _events.Reader.WaitToReadAsync(cancellation))
        {
            while (_events.Reader.TryRead(out var message))
            {
                var record = RecordIo.Encode(message, type);
                await response.Body.WriteAsync(record, cancellation);
                if ((unsent += record.Length) < FlushAfter) continue;
                await response.Body.FlushAsync(cancellation);
                unsent = 0;
            }

            await response.Body.FlushAsync(cancellation);
            unsent = 0;
        }
    }
}
