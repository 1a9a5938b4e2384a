using System.Text.Json;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Scheduler.Definitions.Pods;
using LifecycleManager.Scheduler.Launching;

namespace LifecycleManager.Scheduler.Api;

/// <summary><c>/v2/queue</c>.</summary>
internal static class QueueHandler
{
    public static Task ListAsync(ApiRequest request)
    {
        if (request.Method is not ("GET" or "HEAD")) throw request.NotAllowed("GET");
        var offers = false;
        foreach (var embed in request.Texts("embed"))
        {
            offers |= embed == "lastUnusedOffers"
                ? true : throw ApiException.BadRequest($"embed={embed} is not known; lastUnusedOffers is");
        }

        var now = request.Services.Time.GetUtcNow();
        return request.StreamAsync("queue", request.Snapshot.Queue, (json, item) =>
            JsonSerializer.Serialize(json, Of(item, offers, now), MarathonJson.Default.QueueItem));
    }

    public static async Task DelayAsync(ApiRequest request)
    {
        if (!request.Path.EndsWith("/delay", StringComparison.Ordinal)) throw ApiException.NotFound("there is no such resource");
        if (request.Method != "DELETE") throw request.NotAllowed("DELETE");
        var id = AppPath.Parse(request.Path[..^"/delay".Length]).Id;
        if (!await request.Scheduler.ResetDelayAsync(id, request.Cancellation))
            throw ApiException.NotFound($"Application {id} not found in tasks queue.");
        request.Context.Response.StatusCode = 204;
    }

    private static QueueItem Of(LaunchQueueItem item, bool offers, DateTimeOffset now)
    {
        var left = item.DelayedUntil is { } until && until > now ? (until - now).TotalSeconds : 0;
        return new QueueItem
        {
            Count = item.Count,
            Delay = new QueueDelay(Math.Ceiling(left), left <= 0),
            Since = Instants.Write(item.Since),
            App = item.Definition.IsPod ? null : item.Definition.Wire,
            Pod = item.Definition.IsPod ? PodNotation.Shown(item.Definition) : null,
            ProcessedOffersSummary = new QueueSummary
            {
                ProcessedOffersCount = item.ProcessedOffers,
                UnusedOffersCount = item.UnusedOffers,
                LastUnusedOfferAt = item.LastUnusedOfferAt is { } unused ? Instants.Write(unused) : null,
                LastUsedOfferAt = item.LastUsedOfferAt is { } used ? Instants.Write(used) : null,
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
        Timestamp = Instants.Write(refused.At),
        Reason = refused.Reasons,
        Message = refused.Message,
    };
}
