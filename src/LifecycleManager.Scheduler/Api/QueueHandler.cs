using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Core.Definitions.Pods;
using LifecycleManager.Scheduler.Core.Launching;
using LifecycleManager.Scheduler.Core.Timing;

namespace LifecycleManager.Scheduler.Api;

/// <summary><c>/v2/queue</c>.</summary>
internal static class QueueHandler
{
    public static readonly OperationTable Operations = new(
    [
        new("GET", "/v2/queue", Needs.View, ListAsync, "Queue", "What waits for an offer, and why.")
        {
            Query =
            [
                new("embed", "Also the refused offers with their reasons.", ApiParameterKind.Texts)
                {
                    Values = ["lastUnusedOffers"],
                },
            ],
            Answer = typeof(LaunchQueue), Failures = [400],
        },
        new("DELETE", "/v2/queue/{**id}/delay", Needs.Deploy, EndDelayAsync, "Queue", "Ends the delay of an app's launches.")
        {
            Status = 204, Failures = [404],
        },
    ]);

    private static Task ListAsync(ApiRequest request)
    {
        var offers = false;
        foreach (var embed in request.Texts("embed"))
        {
            offers |= embed == "lastUnusedOffers"
                ? true : throw ApiException.BadRequest($"embed={embed} is unknown; the only value is lastUnusedOffers");
        }

        var now = request.Services.Time.GetUtcNow();
        return request.StreamAsync("queue", request.Snapshot.Queue, (json, item) =>
            JsonSerializer.Serialize(json, Of(item, offers, now), MarathonJson.Default.QueueItem));
    }

    private static async Task EndDelayAsync(ApiRequest request)
    {
        if (!await request.Scheduler.ResetDelayAsync(request.Id, request.Cancellation))
            throw ApiException.NotFound($"Application {request.Id} not found in tasks queue.");
        request.Context.Response.StatusCode = 204;
    }

    private static QueueItem Of(LaunchQueueItem item, bool offers, DateTimeOffset now)
    {
        var left = item.DelayedUntil is { } until && until > now ? (until - now).TotalSeconds : 0;
        return new QueueItem
        {
            Count = item.Count,
            Delay = new QueueDelay(Math.Ceiling(left), left <= 0),
            Since = Timestamps.Write(item.Since),
            NotAdmitted = item.NotAdmitted,
            App = item.Definition.IsPod ? null : item.Definition.Wire,
            Pod = item.Definition.IsPod ? PodNotation.Shown(item.Definition) : null,
            ProcessedOffersSummary = new QueueSummary
            {
                ProcessedOffersCount = item.ProcessedOffers,
                UnusedOffersCount = item.UnusedOffers,
                LastUnusedOfferAt = item.LastUnusedOfferAt is { } unused ? Timestamps.Write(unused) : null,
                LastUsedOfferAt = item.LastUsedOfferAt is { } used ? Timestamps.Write(used) : null,
                RejectSummaryLastOffers = [.. item.LastOffers.Select(Of)],
                RejectSummaryLaunchAttempt = [.. item.Attempt.Select(Of)],
            },
            LastUnusedOffers = offers ? [.. item.LastRefused.Select(Of)] : null,
        };
    }

    private static RejectSummary Of(RefusalCount count) => new(count.Reason, count.Declined, count.Processed);

    private static UnusedOffer Of(RefusedOffer refused) => new()
    {
        Offer = JsonSerializer.SerializeToElement(refused.Offer, MesosJson.Default.Offer),
        Timestamp = Timestamps.Write(refused.At),
        Reason = refused.Reasons,
        Message = refused.Message,
    };
}
