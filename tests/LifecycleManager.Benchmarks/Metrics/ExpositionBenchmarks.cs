using BenchmarkDotNet.Attributes;
using LifecycleManager.Metrics.Exposition;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Series;

namespace LifecycleManager.Benchmarks.Metrics;

/// <summary>Parsing of expositions. One operation is a text of 5,000 samples; the goal is 1 GB/s and no allocation.</summary>
[MemoryDiagnoser]
public class ExpositionBenchmarks
{
    internal const int Samples = 5_000;
    private readonly byte[] _text = ExpositionText.Make(Samples);
    private readonly byte[] _open = ExpositionText.Make(Samples, openMetrics: true);
    private readonly SeriesCache _cache = new(Selections(), 10_000, new SeriesNames(), "/actuator");
    private long _round;

    /// <summary>Prometheus text, every sample read.</summary>
    [Benchmark]
    public double Text() => Read(_text, ExpositionFormat.Text);

    /// <summary>OpenMetrics, every sample read.</summary>
    [Benchmark]
    public double OpenMetrics() => Read(_open, ExpositionFormat.OpenMetrics);

    /// <summary>As a scrape does it: read, and the samples of a histogram and a gauge found among what is known.</summary>
    [Benchmark]
    public int Scrape()
    {
        _cache.Begin(++_round);
        var reader = new ExpositionReader(_text, ExpositionFormat.Text);
        var found = 0;
        while (reader.Read() == ExpositionToken.Sample)
        {
            if (_cache.IsWanted(reader.Name)) found += _cache.Find(in reader).Length;
        }

        _cache.End();
        return found;
    }

    /// <summary>Bytes of the texts, for the throughput.</summary>
    [GlobalSetup]
    public void Say() =>
        System.Console.WriteLine($"// {_text.Length} bytes of text, {_open.Length} bytes of OpenMetrics, {Samples} samples");

    private static double Read(byte[] text, ExpositionFormat format)
    {
        var reader = new ExpositionReader(text, format);
        var sum = 0.0;
        while (reader.Read() == ExpositionToken.Sample) sum += reader.Value;
        return sum;
    }

    private static Selection[] Selections()
    {
        var gate = new Lock();
        return
        [
            Make(MetricSource.Histogram, "http_server_requests_seconds"),
            Make(MetricSource.Prometheus, "jvm_memory_used_bytes_7{area=\"heap\"}"),
        ];

        Selection Make(MetricSource source, string text) => SeriesSelector.TryParse(text, out var selector, out var error)
            ? new Selection(new SeriesKey(source, text, null), selector!, new SeriesSet(gate))
            : throw new InvalidOperationException(error);
    }
}
