using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Manager.History;

/// <summary>
/// What forecasts have learnt from, in the store, so that a restart does not cost a manager what weeks have taught it: means over
/// the forecasts' own buckets, over the last two seasons. Owned by the evaluation loop; bounded in buckets over all apps.
/// </summary>
internal sealed class ForecastHistory(IStateStore store, ILogger<ForecastHistory> logger)
{
    public const string Prefix = "manager/forecasts/";

    /// <summary>Buckets an entry of the store: some kilobytes.</summary>
    public const int ChunkLength = 256;

    /// <summary>Over all apps; some 16 MB. What comes on top is forecast, but not kept.</summary>
    private const int MaxBuckets = 2_000_000;

    /// <summary>A season to begin with, and one to get better.</summary>
    private const int KeptSeasons = 2;

    /// <summary>Small enough for every store's largest batch.</summary>
    private const int Batch = 64;

    private static readonly TimeSpan BetweenFlushes = TimeSpan.FromMinutes(1);
    private readonly Dictionary<(string App, string Metric), Track> _tracks = [];
    private readonly Dictionary<string, Chunk?> _unwritten = new(StringComparer.Ordinal);
    private DateTimeOffset _flushedAt = DateTimeOffset.MinValue;
    private int _chunks;
    private bool _full;
    private bool _failed;

    /// <summary>Reads everything anew, at the beginning of a leadership.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        _tracks.Clear();
        _unwritten.Clear();
        (_chunks, _full) = (0, false);
        await foreach (var entry in store.ListAsync(Prefix, cancellation))
        {
            try
            {
                if (JsonSerializer.Deserialize(entry.Value.Span, ForecastJson.Default.Chunk) is { IsSound: true } chunk
                    && Key(chunk) == entry.Key) Add(chunk);
                else logger.LogWarning("The forecast history {Key} in the store is not of this manager and is skipped",
                    entry.Key);
            }
            catch (JsonException e)
            {
                logger.LogWarning("The forecast history {Key} in the store cannot be read and is skipped: {Reason}", entry.Key,
                    e.Message);
            }
        }
    }

    /// <summary>The closed buckets of a metric of an app, oldest first.</summary>
    public IReadOnlyList<(DateTimeOffset At, double Value)> Read(string app, string metric)
    {
        if (!_tracks.TryGetValue((app, metric), out var track)) return [];
        var samples = new List<(DateTimeOffset, double)>();
        foreach (var chunk in track.Chunks)
        {
            for (var i = 0; i < chunk.Values.Length; i++)
            {
                if (chunk.Values[i] is { } value)
                    samples.Add((new DateTimeOffset((chunk.First + i) * chunk.Step, TimeSpan.Zero), value));
            }
        }

        return samples;
    }

    /// <summary>Takes in what a forecast saw at a tick.</summary>
    public void Add(string app, in ForecastSample sample, DateTimeOffset now)
    {
        if (!double.IsFinite(sample.Value)) return;
        var key = (app, sample.Metric);
        if (!_tracks.TryGetValue(key, out var track)) _tracks[key] = track = new Track();
        var bucket = now.UtcTicks / sample.Step.Ticks;
        if (track.Step != sample.Step.Ticks || bucket > track.Bucket)
        {
            Close(app, sample.Metric, track);
            (track.Step, track.Bucket, track.Sum, track.Samples) = (sample.Step.Ticks, bucket, 0, 0);
        }

        track.Season = sample.Season.Ticks;
        // The clock was set back: the bucket under way takes it.
        track.Sum += sample.Value;
        track.Samples++;
    }

    /// <summary>Writes what is new, now and then. A failure is logged once, and what was not written is tried again.</summary>
    public async Task FlushAsync(Fence fence, DateTimeOffset now, CancellationToken cancellation)
    {
        if (now - _flushedAt < BetweenFlushes && now >= _flushedAt) return;
        _flushedAt = now;
        Prune(now);
        try
        {
            foreach (var batch in _unwritten.ToArray().Chunk(Batch))
            {
                await store.WriteAsync(
                    [.. batch.Select(entry => entry.Value is null
                        ? StateWrite.Delete(entry.Key)
                        : new StateWrite(entry.Key, JsonSerializer.SerializeToUtf8Bytes(entry.Value,
                            ForecastJson.Default.Chunk)))],
                    fence, cancellation);
                foreach (var (key, _) in batch) _unwritten.Remove(key);
            }

            _failed = false;
        }
        catch (Exception e) when (e.IsStoreFailure())
        {
            if (!_failed) logger.LogWarning("The history of forecasts cannot be stored yet: {Reason}", e.Message);
            _failed = true;
        }
    }

    private void Close(string app, string metric, Track track)
    {
        if (track.Samples == 0) return;
        var chunk = track.Chunks.Count > 0 ? track.Chunks[^1] : null;
        if (chunk is null || chunk.Step != track.Step || track.Bucket - chunk.First is < 0 or >= ChunkLength)
        {
            if (_chunks >= MaxBuckets / ChunkLength)
            {
                if (!_full)
                    logger.LogWarning(
                        "The history of forecasts is full: after a restart the forecasts of {App} and others begin anew",
                        app);
                _full = true;
                return;
            }

            // Chunks begin at multiples, so that a clock that was set back finds the one that it had.
            chunk = new Chunk(app, metric, track.Step, track.Season, track.Bucket / ChunkLength * ChunkLength,
                new double?[ChunkLength]);
            var old = track.Chunks.FindIndex(known => known.First == chunk.First && known.Step == chunk.Step);
            if (old >= 0) chunk = track.Chunks[old];
            else Add(chunk);
        }

        chunk.Values[track.Bucket - chunk.First] = track.Sum / track.Samples;
        _unwritten[Key(chunk)] = chunk;
    }

    private void Add(Chunk chunk)
    {
        var key = (chunk.App, chunk.Metric);
        if (!_tracks.TryGetValue(key, out var track)) _tracks[key] = track = new Track();
        track.Chunks.Add(chunk);
        track.Chunks.Sort((a, b) => (a.First * a.Step).CompareTo(b.First * b.Step));
        _chunks++;
    }

    private void Prune(DateTimeOffset now)
    {
        foreach (var (key, track) in _tracks)
        {
            foreach (var chunk in track.Chunks.Where(chunk => chunk.End + (KeptSeasons * chunk.Season) < now.UtcTicks).ToArray())
            {
                track.Chunks.Remove(chunk);
                _chunks--;
                _unwritten[Key(chunk)] = null;
            }

            // Of an app that is gone nothing is left.
            if (track.Chunks.Count == 0 && track.Samples > 0
                && ((track.Bucket + 1) * track.Step) + (KeptSeasons * track.Season) < now.UtcTicks) _tracks.Remove(key);
        }
    }

    // App ids and expressions may be longer than a key.
    private static string Key(Chunk chunk)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{chunk.App}\n{chunk.Metric}"))
            .AsSpan(0, 16));
        return string.Create(CultureInfo.InvariantCulture, $"{Prefix}{name}/{chunk.Step}-{chunk.First}");
    }

    /// <summary>One metric of one app: what is closed, and the bucket under way.</summary>
    private sealed class Track
    {
        public List<Chunk> Chunks { get; } = [];
        public long Step { get; set; }
        public long Season { get; set; }
        public long Bucket { get; set; }
        public double Sum { get; set; }
        public int Samples { get; set; }
    }

    /// <summary>Some buckets, as they are stored.</summary>
    /// <param name="App">The app.</param>
    /// <param name="Metric">The metric as the rule writes it.</param>
    /// <param name="Step">The width of a bucket, in ticks of 100 ns.</param>
    /// <param name="Season">The season of the forecast, in ticks.</param>
    /// <param name="First">The number of the first bucket since the year 1.</param>
    /// <param name="Values">The means; null where there was no sample.</param>
    internal sealed record Chunk(string App, string Metric, long Step, long Season, long First, double?[] Values)
    {
        [JsonIgnore]
        public long End => (First + ChunkLength) * Step;

        [JsonIgnore]
        public bool IsSound => App is not null && Metric is not null && Step > 0 && Season > 0 && First >= 0
            && Values is { Length: ChunkLength }
            && First <= (DateTimeOffset.MaxValue.UtcTicks / Step) - ChunkLength;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ForecastHistory.Chunk))]
internal sealed partial class ForecastJson : JsonSerializerContext;
