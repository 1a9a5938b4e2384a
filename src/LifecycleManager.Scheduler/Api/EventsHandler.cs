using System.Text;
using LifecycleManager.Scheduler.Events;

namespace LifecycleManager.Scheduler.Api;

/// <summary><c>/v2/events</c> as server-sent events.</summary>
internal static class EventsHandler
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);
    private static readonly byte[] Silence = ":\n\n"u8.ToArray();

    public static async Task AnswerAsync(ApiRequest request)
    {
        if (request.Method != "GET") throw request.NotAllowed("GET");
        var full = request.Text("plan-format") switch
        {
            null or "full" => true,
            "light" => false,
            var other => throw ApiException.BadRequest($"plan-format={other} must be full or light"),
        };
        var types = request.Texts("event_type");
        var remote = request.Context.Connection.RemoteIpAddress?.ToString() ?? "";
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(request.Cancellation, request.Services.Stopping);

        // Subscribed before the answer begins, so that who has seen its headers misses nothing.
        await using var events = request.Scheduler
            .EventsAsync(types.Count == 0 ? null : types.ToHashSet(StringComparer.Ordinal), remote, ending.Token)
            .GetAsyncEnumerator(ending.Token);
        var response = request.Context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache, no-store, must-revalidate";
        response.Headers["X-Accel-Buffering"] = "no";
        await response.Body.WriteAsync(Silence, ending.Token);
        await response.Body.FlushAsync(ending.Token);

        var next = events.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                if (!next.IsCompleted && await WaitedInVainAsync(next, request.Services.Time, ending.Token))
                {
                    // Shows a client that is gone, and keeps what is between from taking the stream for dead.
                    await response.Body.WriteAsync(Silence, ending.Token);
                    await response.Body.FlushAsync(ending.Token);
                    continue;
                }

                if (!await next) return;
                Write(response.BodyWriter, events.Current, full);
                next = events.MoveNextAsync().AsTask();
                if (!next.IsCompleted) await response.BodyWriter.FlushAsync(ending.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client or the scheduler has gone; there is nobody to tell.
        }
        finally
        {
            await ending.CancelAsync();
            await next.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private static async Task<bool> WaitedInVainAsync(Task next, TimeProvider time, CancellationToken cancellation)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var first = await Task.WhenAny(next, Task.Delay(Heartbeat, time, waiting.Token));
        await waiting.CancelAsync();
        return first != next && !cancellation.IsCancellationRequested;
    }

    private static void Write(System.IO.Pipelines.PipeWriter writer, SchedulerEventMessage message, bool full)
    {
        var json = full && message.Full is { } lazy ? lazy.Value : message.Json;
        var head = Encoding.ASCII.GetByteCount(message.EventType) + 16;
        var span = writer.GetSpan(head + json.Length + 2);
        var at = Put(span, "event: "u8);
        at += Encoding.ASCII.GetBytes(message.EventType, span[at..]);
        at += Put(span[at..], "\ndata: "u8);
        json.Span.CopyTo(span[at..]);
        at += json.Length;
        at += Put(span[at..], "\n\n"u8);
        writer.Advance(at);
    }

    private static int Put(Span<byte> to, ReadOnlySpan<byte> text)
    {
        text.CopyTo(to);
        return text.Length;
    }
}
