using CsCheck;

namespace LifecycleManager.Storage.Tests.Contract;

/// <summary>What a store should do, in the simplest words: a dictionary and the newest tokens.</summary>
internal sealed class StoreModel
{
    private Dictionary<string, (byte Value, long Version)> _entries = [];
    private readonly Dictionary<string, long> _tokens = [];

    /// <summary>A batch: few keys, values and versions, so that they meet; a third of the batches without a fence.</summary>
    public static Gen<ModelBatch> Batches { get; } = Gen.Select(
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 3], Gen.Byte, Gen.Int[0, 7]).Select(
            (key, kind, value, expected) =>
                new ModelWrite(Keys[key], kind == 0 ? null : value, expected > 3 ? null : expected)).Array[0, 5],
        Gen.Int[0, 5]).Select((writes, fence) => new ModelBatch(writes, fence < 2 ? null : fence));

    private static string[] Keys => ["a", "a/b", "a/c", "b", "%"];

    /// <summary>Applies it and says <c>done</c>, <c>fenced</c>, or which key is in conflict.</summary>
    public string Write(ModelBatch batch)
    {
        if (batch.Fence < _tokens.GetValueOrDefault("f")) return "fenced";
        var entries = new Dictionary<string, (byte, long Version)>(_entries);
        foreach (var write in batch.Writes)
        {
            var version = entries.GetValueOrDefault(write.Key).Version;
            if (write.Expected is { } expected && expected != version) return write.Key;
            if (write.Value is { } value) entries[write.Key] = (value, version + 1);
            else entries.Remove(write.Key);
        }

        _entries = entries;
        if (batch.Fence is { } fence) _tokens["f"] = fence;
        return "done";
    }

    public string Show(string prefix) => string.Join(
        " ", _entries.Where(e => e.Key.StartsWith(prefix, StringComparison.Ordinal)).OrderBy(e => e.Key, StringComparer.Ordinal)
            .Select(e => $"{e.Key}={e.Value.Value}@{e.Value.Version}"));
}

internal sealed record ModelWrite(string Key, byte? Value, long? Expected);

internal sealed record ModelBatch(ModelWrite[] Writes, long? Fence)
{
    public override string ToString() =>
        $"[{string.Join(", ", Writes.Select(w => $"{w.Key}{(w.Value is null ? " deleted" : $"={w.Value}")} at {w.Expected?.ToString() ?? "any"}"))}] by {Fence}";
}
