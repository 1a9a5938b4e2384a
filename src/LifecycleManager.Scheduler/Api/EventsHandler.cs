using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Text;
using LifecycleManager.Scheduler.Events;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace LifecycleManager.Scheduler.Api;

/// <summary><c>/v2/events</c> as server-sent events.</summary>
internal static class EventsHandler
{
    private const int Slice = 4 * 1024;
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    // Lines end as Marathon ends them: some clients read no other.
    private static readonly byte[] Silence = ":\r\n\r\n"u8.ToArray();
    private static readonly ConcurrentDictionary<string, byte[]> Heads = new(StringComparer.Ordinal);

    public static readonly OperationTable Operations = new(
    [
        new("GET", "/v2/events", Needs.View, AnswerAsync, "Events", "The event bus as server-sent events.")
        {
            AnswersHead = false,
            Query =
            [
                new("event_type", "Only these types.", ApiParameterKind.Texts),
                new("plan-format", "Of deployments' plans: full, with the trees before and after (without it, too), or light.")
                {
                    Values = ["full", "light"],
                },
            ],
            Media = ["text/event-stream"], Failures = [503],
        },
    ]);

    private static async Task AnswerAsync(ApiRequest request)
    {
        var full = request.Text("plan-format") switch
        {
            null or "full" => true,
            "light" => false,
            var other => throw ApiException.BadRequest($"plan-format={other} must be full or light"),
        };
        var types = request.Texts("event_type");
        var remote = request.Context.Connection.RemoteIpAddress?.ToString() ?? "";

        // Subscribed before the answer begins, so that who has seen its headers misses nothing.
        // The trees of a plan are of all apps: who may not see all of them is sent the steps.
        var scope = request.Scope;
        var seesAll = scope.MayEverywhere(GroupPermission.View);
        using var events = request.Scheduler.Subscribe(
            types.Count == 0 ? null : types.ToHashSet(StringComparer.Ordinal), full && seesAll, remote,
            seesAll ? null : message => message.Apps?.All(app => scope.May(GroupPermission.View, app)) == true);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(request.Cancellation, request.Services.Stopping,
            events.Dropped);
        var response = request.Context.Response;

        // The bus has a rule of its own for readers that do not keep up; the server's would end them uncounted and unsaid.
        if (request.Context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = null;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache, no-store, must-revalidate";
        response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            await response.Body.WriteAsync(Silence, ending.Token);
            await response.Body.FlushAsync(ending.Token);
            await SendAsync(events, response.BodyWriter, request.Services.Time, ending.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client or the scheduler has gone, and there is nobody to tell; or the client does not read.
            if (events.Dropped.IsCancellationRequested) request.Context.Abort();
        }
    }

    private static async Task SendAsync(EventSubscription events, PipeWriter writer, TimeProvider time,
        CancellationToken cancellation)
    {
        await using var heartbeat = time.CreateTimer(static events => ((EventSubscription)events!)
            .Remind(), events, Heartbeat, Heartbeat);
        while (true)
        {
            var unflushed = 0;
            while (events.TryRead(out var @event))
            {
                unflushed = Write(writer, unflushed, Head(@event.Message.EventType));
                foreach (var piece in await events.BodyAsync(@event))
                {
                    // By slices, so that what is large waits in the one row for all and not once more in each connection.
                    for (var rest = piece; rest.Length > 0; rest = rest[Math.Min(Slice, rest.Length)..])
                    {
                        unflushed = Write(writer, unflushed, rest.Span[..Math.Min(Slice, rest.Length)]);
                        if (unflushed < Slice) continue;
                        await writer.FlushAsync(cancellation);
                        unflushed = 0;
                    }
                }

                unflushed = Write(writer, unflushed, "\r\n\r\n"u8);
                if (unflushed > 0 && unflushed < Slice) continue;
                await writer.FlushAsync(cancellation);
                unflushed = 0;
                events.Release();
            }

            if (unflushed > 0) await writer.FlushAsync(cancellation);
            events.Release();
            if (await events.WaitAsync(cancellation)) continue;

            // Shows a client that is gone, and keeps what is between from taking the stream for dead.
            Write(writer, 0, Silence);
            await writer.FlushAsync(cancellation);
        }
    }

    private static byte[] Head(string type) =>
        Heads.GetOrAdd(type, static type => Encoding.ASCII.GetBytes($"event: {type}\r\ndata: "));

    private static int Write(PipeWriter writer, int unflushed, ReadOnlySpan<byte> bytes)
    {
        writer.Write(bytes);
        return unflushed + bytes.Length;
    }
}
