using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace LifecycleManager.Storage;

/// <summary>
/// Backup and restore of a whole store, from any kind to any other. The archive is JSON lines in UTF-8: a header with the
/// format's version, one line an entry (<c>{"key":"...","value":"base64"}</c>), and a closing line with their number, without
/// which an archive is not whole.
/// </summary>
/// <remarks>
/// Versions and fencing tokens are the store's own and are not carried over: versions begin at 1. An export is one snapshot where
/// the store's listing is one, which is everywhere but in ZooKeeper; there, take it while nobody writes.
/// </remarks>
public static class StateArchive
{
    /// <summary>There while a restore is under way, and after one that did not end: no role works on such a state.</summary>
    internal const string Restoring = "restoring";

    private const string Format = "lifecyclemanager-state";
    private const int Version = 1;

    // A value at the stores' limit in base64, with its key.
    private const int MaxLine = 24 * 1024 * 1024;

    // Within what ZooKeeper takes in one transaction.
    private const int MaxBatch = 500;
    private const int MaxBatchBytes = 512 * 1024;

    /// <summary>Writes the entries of one owner of the store, in the order of the keys.</summary>
    /// <param name="store">The store, which several roles may share.</param>
    /// <param name="archive">Gets them.</param>
    /// <param name="owner">What their keys begin with, up to the first slash: <c>scheduler</c>.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The number of entries.</returns>
    public static async Task<long> ExportAsync(
        IStateStore store, Stream archive, string owner, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(archive);
        var count = 0L;
        await WriteAsync(archive, new Line { Format = Format, Version = Version }, cancellation);
        await foreach (var entry in store.ListAsync(Prefix(owner), cancellation))
        {
            await WriteAsync(archive, new Line { Key = entry.Key, Value = entry.Value.ToArray() }, cancellation);
            count++;
        }

        await WriteAsync(archive, new Line { Entries = count }, cancellation);
        await archive.FlushAsync(cancellation);
        return count;
    }

    /// <summary>
    /// Writes the archive's entries into the store, in batches that are each applied wholly or not at all. An archive that can be
    /// read twice is checked to its end before the first one.
    /// </summary>
    /// <param name="store">Best a new one: nobody else may write to it meanwhile.</param>
    /// <param name="archive">What <see cref="ExportAsync"/> wrote.</param>
    /// <param name="owner">Whose entries; those of others, which older archives of a shared store hold, are left out.</param>
    /// <param name="overwrite">False: no key of the archive may exist. True: those that do are replaced; others stay.</param>
    /// <param name="cancellation">Ends it between two batches.</param>
    /// <returns>The number of entries.</returns>
    /// <exception cref="StateFormatException">It is no archive, of a newer version, damaged or cut short; names the
    /// line.</exception>
    /// <exception cref="StateConflictException">A key exists.</exception>
    public static async Task<long> ImportAsync(
        IStateStore store, Stream archive, string owner, bool overwrite = false, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(archive);
        if (archive.CanSeek) await VerifyAsync(archive, owner, cancellation);
        var batch = new List<StateWrite>();
        var (bytes, count) = (0, 0L);
        await foreach (var (key, value) in ReadAsync(archive, cancellation))
        {
            if (!key.StartsWith(Prefix(owner), StringComparison.Ordinal)) continue;
            var size = key.Length * 4 + value.Length;
            if (batch.Count == MaxBatch || (batch.Count > 0 && bytes + size > MaxBatchBytes))
            {
                await store.WriteAsync(batch, null, cancellation);
                batch.Clear();
                bytes = 0;
            }

            batch.Add(new StateWrite(key, value, overwrite ? null : 0));
            bytes += size;
            count++;
        }

        if (batch.Count > 0) await store.WriteAsync(batch, null, cancellation);
        return count;
    }

    /// <summary>
    /// Puts the archive in the place of everything that its owner has in the store. It is checked to its end before anything
    /// changes. Where the store cannot take it at once, an end in between leaves a state that <see cref="StateBackend"/>
    /// refuses to open, until a restore has come to its end.
    /// </summary>
    /// <param name="store">Nobody else may write to it meanwhile.</param>
    /// <param name="archive">What <see cref="ExportAsync"/> wrote; read twice.</param>
    /// <param name="owner">Whose entries; what others have in the store stays as it is.</param>
    /// <param name="cancellation">Ends it between two batches.</param>
    /// <returns>The number of entries.</returns>
    /// <exception cref="StateFormatException">It is no archive, of a newer version, damaged, cut short, or of another owner;
    /// nothing was changed.</exception>
    public static async Task<long> RestoreAsync(
        IStateStore store, Stream archive, string owner, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(archive);
        await VerifyAsync(archive, owner, cancellation);
        var old = new List<StateWrite>();
        await foreach (var entry in store.ListAsync(Prefix(owner), cancellation)) old.Add(StateWrite.Delete(entry.Key));
        await store.WriteAsync([new StateWrite(Restoring, ReadOnlyMemory<byte>.Empty)], null, cancellation);
        foreach (var batch in old.Chunk(MaxBatch)) await store.WriteAsync(batch, null, cancellation);
        var count = await ImportAsync(store, archive, owner, overwrite: false, cancellation);
        await store.WriteAsync([StateWrite.Delete(Restoring)], null, cancellation);
        return count;
    }

    /// <summary>Whose entries a store has.</summary>
    public static async Task<IReadOnlyList<string>> OwnersAsync(IStateStore store, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        var owners = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var entry in store.ListAsync("", cancellation))
            if (entry.Key.Contains('/', StringComparison.Ordinal)) owners.Add(OwnerOf(entry.Key));
        return [.. owners];
    }

    private static string Prefix(string owner) => owner + "/";

    private static string OwnerOf(string key) => key.Split('/', 2)[0];

    private static async Task VerifyAsync(Stream archive, string owner, CancellationToken cancellation)
    {
        var start = archive.Position;
        var owners = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var (key, _) in ReadAsync(archive, cancellation)) owners.Add(OwnerOf(key));
        if (owners.Count > 0 && !owners.Contains(owner))
            throw new StateFormatException(
                $"the archive holds no entry of the {owner}: it is of the {string.Join(" and the ", owners)}");
        archive.Position = start;
    }

    private static async Task WriteAsync(Stream archive, Line line, CancellationToken cancellation)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(line, StateArchiveJson.Default.Line);
        await archive.WriteAsync(json, cancellation);
        await archive.WriteAsync("\n"u8.ToArray(), cancellation);
    }

    private static async IAsyncEnumerable<(string Key, byte[] Value)> ReadAsync(
        Stream archive, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var (number, entries, ended) = (0L, 0L, false);
        await foreach (var line in LinesAsync(archive, cancellation))
        {
            number++;
            if (number == 1)
            {
                if (line.Format != Format) throw Wrong(number, "this is no archive of a state");
                if (line.Version != Version) throw Wrong(number, $"it has version {line.Version}; this version knows {Version}");
                continue;
            }

            if (ended) throw Wrong(number, "it goes on after its closing line");
            if (line.Entries is { } count)
            {
                if (count != entries) throw Wrong(number, $"it should hold {count} entries, but holds {entries}");
                ended = true;
                continue;
            }

            if (line is not { Key: { } key, Value: { } value }) throw Wrong(number, "an entry needs a key and a value");
            try
            {
                StateKeys.Check(key);
            }
            catch (ArgumentException e)
            {
                throw Wrong(number, e.Message);
            }

            entries++;
            yield return (key, value);
        }

        if (!ended) throw Wrong(number, "it ends without its closing line: it is cut short");
    }

    private static async IAsyncEnumerable<Line> LinesAsync(Stream archive,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var reader = PipeReader.Create(archive, new StreamPipeReaderOptions(bufferSize: 1024 * 1024, leaveOpen: true));
        var number = 0L;
        try
        {
            while (true)
            {
                var result = await reader.ReadAsync(cancellation);
                var buffer = result.Buffer;
                while (buffer.PositionOf((byte)'\n') is { } end)
                {
                    yield return Parse(buffer.Slice(0, end), ++number);
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                }

                if (buffer.Length > MaxLine) throw Wrong(number + 1, $"a line has more than {MaxLine} bytes");
                if (result.IsCompleted)
                {
                    if (!buffer.IsEmpty) throw Wrong(number + 1, "it ends within a line: it is cut short");
                    yield break;
                }

                reader.AdvanceTo(buffer.Start, buffer.End);
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private static Line Parse(ReadOnlySequence<byte> text, long number)
    {
        try
        {
            var reader = new Utf8JsonReader(text);
            return JsonSerializer.Deserialize(ref reader, StateArchiveJson.Default.Line) ?? throw Wrong(number, "it is null");
        }
        catch (JsonException e)
        {
            throw Wrong(number, e.Message, e);
        }
    }

    private static StateFormatException Wrong(long line, string what, Exception? inner = null) =>
        new($"the archive's line {line}: {what}", inner);

    /// <summary>A header, an entry, or the closing line.</summary>
    internal sealed record Line
    {
        public string? Format { get; init; }

        public int? Version { get; init; }

        public string? Key { get; init; }

        public byte[]? Value { get; init; }

        public long? Entries { get; init; }
    }
}
