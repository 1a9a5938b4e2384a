using System.Text.Json;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.Recording;

/// <summary>The decisions as they are in the store.</summary>
internal static class StoredDecisions
{
    public const string Prefix = "manager/decisions/";

    /// <summary>Reads all; one that cannot be read is logged and skipped.</summary>
    public static async Task<IReadOnlyList<DecisionRecord>> ReadAsync(IStateStore store, ILogger logger,
        CancellationToken cancellation)
    {
        var records = new List<DecisionRecord>();
        await foreach (var entry in store.ListAsync(Prefix, cancellation))
        {
            try
            {
                var record = JsonSerializer.Deserialize(entry.Value.Span, RecordingJson.Default.DecisionRecord);
                if (record is not null && Prefix + record.Id == entry.Key) records.Add(record);
            }
            catch (JsonException e)
            {
                logger.LogWarning("The record {Key} in the store cannot be read and is skipped: {Reason}", entry.Key, e.Message);
            }
        }

        return records;
    }
}
