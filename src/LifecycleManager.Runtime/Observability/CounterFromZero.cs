using Prometheus;

namespace LifecycleManager.Runtime.Observability;

/// <summary>
/// A counter whose series begin at zero for whoever scrapes them. Prometheus sees what a counter gains between two samples: a
/// series whose first sample is 1 has lost its first event. So a new series is shown as 0 once, and what it has counted
/// meanwhile is in the next scrape. Safe for any thread.
/// </summary>
public sealed class CounterFromZero
{
    private readonly Lock _gate = new();
    private readonly Counter _counter;
    private readonly HashSet<Counter.Child> _series = [];
    private readonly Dictionary<Counter.Child, Beginning> _beginning = [];

    /// <summary>Adds a counter to a registry.</summary>
    /// <param name="registry">The registry.</param>
    /// <param name="name">The metric's name, with <c>_total</c>.</param>
    /// <param name="help">What it counts.</param>
    /// <param name="labels">Its labels, one at least.</param>
    public CounterFromZero(CollectorRegistry registry, string name, string help, params string[] labels)
    {
        ArgumentNullException.ThrowIfNull(registry);
        _counter = Metrics.WithCustomRegistry(registry).CreateCounter(name, help, labels);
        registry.AddBeforeCollectCallback(Settle);
    }

    /// <summary>Shows a series, at zero where it is new.</summary>
    /// <param name="values">The labels' values, in their order.</param>
    public void Begin(params string[] values) => Inc(0, values);

    /// <summary>Counts one more.</summary>
    /// <inheritdoc cref="Begin" path="/param"/>
    public void Inc(params string[] values) => Inc(1, values);

    /// <summary>Counts so many more, 0 or above.</summary>
    /// <param name="by">How many.</param>
    /// <inheritdoc cref="Begin" path="/param"/>
    public void Inc(double by, params string[] values)
    {
        lock (_gate)
        {
            var series = _counter.WithLabels(values);
            if (_series.Add(series)) _beginning.Add(series, new Beginning());
            if (_beginning.TryGetValue(series, out var beginning)) beginning.Counted += by;
            else series.Inc(by);
        }
    }

    /// <summary>Ends a series: it is shown no more, and begins anew at zero where it counts again.</summary>
    /// <inheritdoc cref="Begin" path="/param"/>
    public void Remove(params string[] values)
    {
        lock (_gate)
        {
            var series = _counter.WithLabels(values);
            _series.Remove(series);
            _beginning.Remove(series);
            series.Remove();
        }
    }

    /// <summary>Ends all series.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            foreach (var series in _series) series.Remove();
            _series.Clear();
            _beginning.Clear();
        }
    }

    /// <summary>A scrape begins: what an earlier one has shown as zero is from now on what was counted.</summary>
    private void Settle()
    {
        lock (_gate)
        {
            foreach (var (series, beginning) in _beginning)
            {
                if (!beginning.WasShown)
                {
                    beginning.WasShown = true;
                    continue;
                }

                series.Inc(beginning.Counted);
                _beginning.Remove(series);
            }
        }
    }

    private sealed class Beginning
    {
        public bool WasShown { get; set; }

        public double Counted { get; set; }
    }
}
