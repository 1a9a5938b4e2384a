using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Tables;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Webhooks;

/// <summary>
/// Tells webhooks of decisions, while this manager leads: each at least once. Up to which instant all have been told is stored,
/// so that the next leader goes on from there; of one that is told for the first time, from now on.
/// </summary>
internal sealed class DecisionWebhooks(
    IReadOnlyList<Webhook> webhooks, IStateStore store, DecisionFeed feed, WebhookMetrics metrics, TimeProvider time,
    ILogger<DecisionWebhooks> log) : IDisposable
{
    private const string Key = "manager/webhooks";
    private static readonly TimeSpan BetweenWrites = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LastWrite = TimeSpan.FromSeconds(2);

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    });

    /// <summary>Tells them during a term. It holds nothing up and never fails.</summary>
    /// <param name="archive">The decisions of the term.</param>
    /// <param name="fence">Of its lead.</param>
    /// <param name="cancellation">Ends it; what is not told then, the next leader tells.</param>
    public async Task TellAsync(Func<DecisionArchive> archive, Fence fence, CancellationToken cancellation)
    {
        if (webhooks.Count == 0) return;
        var queues = webhooks.Select(webhook => new WebhookQueue(webhook, _http, metrics, time, log)).ToList();
        feed.Published += Add;
        try
        {
            var begun = time.GetUtcNow();
            var loops = queues.Select(queue => queue.RunAsync(cancellation)).ToList();
            loops.Add(RememberAsync(queues, begun, archive, fence, cancellation));
            await Task.WhenAll(loops);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The term has ended.
        }
        catch (Exception e)
        {
            log.LogError(e, "Webhooks are not told of decisions any more in this term: {Reason}", e.Message);
        }
        finally
        {
            feed.Published -= Add;
            foreach (var queue in queues) metrics.End(queue.Webhook.Name);
        }

        void Add(DecisionRecord record)
        {
            foreach (var queue in queues) queue.Add(record);
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Catches up with what an earlier leader has not told, and then writes how far each has been told.</summary>
    private async Task RememberAsync(
        List<WebhookQueue> queues, DateTimeOffset begun, Func<DecisionArchive> archive, Fence fence,
        CancellationToken cancellation)
    {
        var told = await ReadAsync(cancellation);
        foreach (var queue in queues)
        {
            // A clock that was ahead must not hide what this one sees.
            var from = told.GetValueOrDefault(Id(queue.Webhook), begun);
            if (from > begun) from = begun;
            foreach (var record in archive().All.Where(record => DecisionTable.Changed(record) is var changed
                && changed > from && changed < begun).OrderBy(DecisionTable.Changed)) queue.Add(record);
        }

        IReadOnlyDictionary<string, DateTimeOffset> written = new Dictionary<string, DateTimeOffset>();
        try
        {
            while (true)
            {
                var next = Told(queues);
                if (HaveMoved(next, written) && await WriteAsync(next, fence, cancellation)) written = next;
                await time.DelayAsync(BetweenWrites, cancellation);
            }
        }
        finally
        {
            // Whoever leads next, this manager also where it only restarts, tells nothing twice.
            Task last = WriteAsync(Told(queues), fence, CancellationToken.None);
            await last.WaitAsync(LastWrite, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private Dictionary<string, DateTimeOffset> Told(List<WebhookQueue> queues)
    {
        // Before what waits is looked at: what comes in between is later.
        var now = time.GetUtcNow();
        return queues.ToDictionary(
            queue => Id(queue.Webhook), queue => queue.Oldest?.AddTicks(-1) is { } oldest && oldest < now ? oldest : now);
    }

    // Time alone is no reason to write each time.
    private static bool HaveMoved(Dictionary<string, DateTimeOffset> next, IReadOnlyDictionary<string, DateTimeOffset> written) =>
        next.Any(pair => !written.TryGetValue(pair.Key, out var before) || pair.Value - before >= TimeSpan.FromMinutes(1)
            || pair.Value < before);

    private async Task<Dictionary<string, DateTimeOffset>> ReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await store.GetAsync(Key, cancellation) is { } stored
                    ? JsonSerializer.Deserialize(stored.Value.Span, WebhookJson.Default.DictionaryStringDateTimeOffset) ?? []
                    : [];
            }
            catch (JsonException e)
            {
                log.LogError("How far webhooks were told cannot be read, and they are told from now on: {Reason}", e.Message);
                return [];
            }
            catch (Exception e) when (e.IsStoreFailure())
            {
                log.LogWarning("How far webhooks were told cannot be read yet: {Reason}", e.Message);
            }

            await time.DelayAsync(BetweenWrites, cancellation);
        }
    }

    private async Task<bool> WriteAsync(Dictionary<string, DateTimeOffset> told, Fence fence, CancellationToken cancellation)
    {
        try
        {
            var json = JsonSerializer.SerializeToUtf8Bytes(told, WebhookJson.Default.DictionaryStringDateTimeOffset);
            await store.WriteAsync([new StateWrite(Key, json)], fence, cancellation);
            return true;
        }
        catch (Exception e) when (e.IsStoreFailure() || e is FencedException)
        {
            // Then some are told twice.
            return false;
        }
    }

    // No address is stored: it is a secret.
    private static string Id(Webhook webhook) => Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{webhook.Address} {webhook.Format}")).AsSpan(0, 12));
}

[JsonSerializable(typeof(Dictionary<string, DateTimeOffset>))]
internal sealed partial class WebhookJson : JsonSerializerContext;
