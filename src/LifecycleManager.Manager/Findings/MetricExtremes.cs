using LifecycleManager.Decisions.Tools;
using LifecycleManager.Manager.Status;

namespace LifecycleManager.Manager.Findings;

/// <summary>
/// The least and the greatest that each metric of each app has been, by the hour, for a day: in memory, for what policies wait
/// for in vain. One thread adds, any may read.
/// </summary>
internal sealed class MetricExtremes
{
    private const int Hours = 25;
    private readonly Lock _lock = new();
    private readonly Dictionary<(string App, string Name), Series> _series = [];
    private DateTimeOffset _swept;

    /// <summary>Takes in what a tick has read.</summary>
    public void Add(IEnumerable<GovernedApp> apps, DateTimeOffset now)
    {
        lock (_lock)
        {
            foreach (var app in apps)
            {
                foreach (var (name, value) in app.Metrics)
                {
                    if (value is not { } known || !double.IsFinite(known)) continue;
                    if (!_series.TryGetValue((app.App, name), out var series))
                        _series[(app.App, name)] = series = new Series { Since = now };
                    series.Add(known, now);
                }
            }

            if (now - _swept < TimeSpan.FromHours(1) && now >= _swept) return;
            _swept = now;
            foreach (var (key, series) in _series)
            {
                if (now - series.Last > TimeSpan.FromHours(1)) _series.Remove(key);
            }
        }
    }

    /// <summary>What a metric has been; null where it is not known.</summary>
    public MetricRange? Of(string app, string name, DateTimeOffset now)
    {
        lock (_lock) return _series.GetValueOrDefault((app, name))?.Range(now);
    }

    private sealed class Series
    {
        private readonly (long Hour, double Least, double Greatest)[] _hours = new (long, double, double)[Hours];

        public DateTimeOffset Since { get; init; }

        public DateTimeOffset Last { get; private set; }

        public void Add(double value, DateTimeOffset now)
        {
            Last = now;
            var hour = Hour(now);
            ref var slot = ref _hours[hour % Hours];
            slot = slot.Hour == hour ? (hour, Math.Min(slot.Least, value), Math.Max(slot.Greatest, value)) : (hour, value, value);
        }

        public MetricRange? Range(DateTimeOffset now)
        {
            var (least, greatest, oldest) = (double.PositiveInfinity, double.NegativeInfinity, Hour(now) - Hours + 1);
            foreach (var slot in _hours)
            {
                if (slot.Hour < oldest) continue;
                (least, greatest) = (Math.Min(least, slot.Least), Math.Max(greatest, slot.Greatest));
            }

            var covered = now - Since;
            return double.IsInfinity(least) ? null
                : new MetricRange(least, greatest, covered < TimeSpan.FromDays(1) ? covered : TimeSpan.FromDays(1));
        }

        private static long Hour(DateTimeOffset at) => at.ToUnixTimeSeconds() / 3600;
    }
}
