using LifecycleManager.Benchmarks.Quality.Service;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Core.Windows;
using LifecycleManager.Metrics.Targets;

namespace LifecycleManager.Benchmarks.Quality.Autoscalers;

/// <summary>
/// The metrics of a simulated service as the collector has them: measured at its interval, joined over instances with those that
/// start apart, for as long as was learnt of the last starts.
/// </summary>
internal sealed class ServiceMetrics : IMetricReader
{
    /// <summary>The collector's interval where nothing else is said, seconds.</summary>
    public const int Interval = 5;

    private const int MostSamples = 1000;
    private static readonly TimeSpan UsualStart = TimeSpan.FromSeconds(10);
    private static readonly long Stale = (long)Staleness.Default(TimeSpan.FromSeconds(Interval)).TotalMilliseconds;
    private readonly Dictionary<int, Series> _series = [];
    private readonly List<Series> _running = [];
    private readonly StartupTimes _starts = new();
    private SimulatedService? _service;

    /// <summary>The wall clock's time at a second of the run.</summary>
    public static DateTimeOffset Wall(int second) => new DateTimeOffset(2026, 1, 5, 0, 0, 0, TimeSpan.Zero).AddSeconds(second);

    /// <summary>Measures all instances whose process runs.</summary>
    public void Measure(SimulatedService service)
    {
        _service = service;
        var now = Milliseconds(service.Now);
        _running.Clear();
        foreach (var instance in service.Instances)
        {
            if (instance.StartedAt >= service.Now) continue;
            if (!_series.TryGetValue(instance.Id, out var series))
                _series.Add(instance.Id, series = new Series(instance) { HasStarted = instance.StartedAt < 0 });
            if (!series.HasStarted && instance.ServesAt <= service.Now)
            {
                series.HasStarted = true;
                _starts.Learn(TimeSpan.FromSeconds(instance.ServesAt - instance.StartedAt));
            }

            series.Measure(now);
            _running.Add(series);
        }

        if (_series.Count <= 2 * (_running.Count + 1)) return;
        foreach (var gone in _series.Keys.Except(_running.Select(one => one.Instance.Id)).ToList()) _series.Remove(gone);
    }

    /// <inheritdoc />
    public MetricReading Read(string appId, MetricQuery query, DateTimeOffset now)
    {
        var (join, starting) = (new InstanceJoin(query), 0);
        foreach (var series in _running)
        {
            var (value, outcome, isStarting) = One(series, query, now);
            if (isStarting)
            {
                starting++;
                join.AddResting(value.Value);
            }
            else if (outcome == WindowOutcome.Value)
            {
                join.Add(value.Value, value.Range);
            }
            else
            {
                join.AddSilent();
            }
        }

        return join.Reporting > 0 ? join.Reading(_running.Count, now)
            : MetricReading.Unknown("nobody reports it", _running.Count) with
            {
                Absence = starting > 0 && starting == _running.Count ? Absence.Starting : Absence.Missing,
            };
    }

    /// <inheritdoc />
    public void ReadInstances(string appId, MetricQuery query, DateTimeOffset now, ICollection<InstanceReading> into)
    {
        foreach (var series in _running)
        {
            var (value, outcome, isStarting) = One(series, query, now);
            var has = outcome is WindowOutcome.Value or WindowOutcome.Starting;
            into.Add(new InstanceReading(
                $"{series.Instance.Id}", value.Value, series.Instance.ServesAt <= _service!.Now, has ? null : "no sample")
            {
                Expected = !isStarting,
                Range = value.Range,
            });
        }
    }

    private (WindowValue Value, WindowOutcome Outcome, bool IsStarting) One(Series series, MetricQuery query, DateTimeOffset now)
    {
        var instance = series.Instance;
        var started = Math.Max(instance.ServesAt, instance.StartedAt + (int)_starts.Of(UsualStart).Time.TotalSeconds);
        var hasStarted = started <= _service!.Now;
        var outcome = WindowReader.Read(
            query, series.Samples(query), now.ToUnixTimeMilliseconds(), Stale, hasStarted ? Milliseconds(started) : 0,
            out var value);
        return (value, outcome, !hasStarted || outcome == WindowOutcome.Starting);
    }

    private static long Milliseconds(int second) => Wall(second).ToUnixTimeMilliseconds();

    /// <summary>What is measured of one instance.</summary>
    private sealed class Series(ServiceInstance instance)
    {
        private const long Retention = 10 * 60 * 1000;
        private readonly SampleBuffer _cpu = new();
        private readonly SampleBuffer _requests = new();
        private double _cpuBefore = double.NaN;

        public ServiceInstance Instance => instance;

        public bool HasStarted { get; set; }

        public void Measure(long now)
        {
            // The share needs two measurements.
            if (!double.IsNaN(_cpuBefore))
                _cpu.Append(new Sample(now, (instance.CpuSeconds - _cpuBefore) / Interval), Retention, MostSamples);
            _cpuBefore = instance.CpuSeconds;
            _requests.Append(new Sample(now, instance.Requests), Retention, MostSamples);
        }

        public ReadOnlySpan<Sample> Samples(MetricQuery query) => query switch
        {
            { Source: MetricSource.Container, Selector: "cpu" } => _cpu.Samples,
            { Source: MetricSource.Actuator or MetricSource.Prometheus } => _requests.Samples,
            _ => [],
        };
    }
}
