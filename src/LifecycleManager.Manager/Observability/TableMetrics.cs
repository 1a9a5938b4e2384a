using LifecycleManager.Runtime.Observability;
using LifecycleManager.Storage.Records;
using Prometheus;

namespace LifecycleManager.Manager.Observability;

/// <summary>How the tables of decisions and of the audit stand, as the leader sees them.</summary>
internal sealed class TableMetrics
{
    private readonly Gauge _up;
    private readonly Gauge _backlog;
    private readonly Gauge _records;
    private readonly Gauge _bytes;
    private readonly CounterFromZero _written;
    private readonly CounterFromZero _failures;
    private readonly CounterFromZero _lost;
    private readonly CounterFromZero _pruned;

    public TableMetrics(CollectorRegistry registry)
    {
        var metrics = Prometheus.Metrics.WithCustomRegistry(registry);
        _up = metrics.CreateGauge("lcm_manager_table_up", "1 while the table takes records.", ["table"]);
        _backlog = metrics.CreateGauge("lcm_manager_table_backlog", "Records that wait for the table.", ["table"]);
        _records = metrics.CreateGauge("lcm_manager_table_records", "Records in the table, as they were counted.", ["table"]);
        _bytes = metrics.CreateGauge("lcm_manager_table_bytes", "About how many bytes they take.", ["table"]);
        _written = new CounterFromZero(registry, "lcm_manager_table_written_total", "Records that the table took.", "table");
        _failures = new CounterFromZero(
            registry, "lcm_manager_table_failures_total", "Times that the table could not be filled.", "table");
        _lost = new CounterFromZero(
            registry, "lcm_manager_table_lost_total", "Records that the state let go before the table took them.", "table");
        _pruned = new CounterFromZero(
            registry, "lcm_manager_table_pruned_total", "Records that were too old or too many.", "table");
    }

    public void Written(string table, int records) => _written.Inc(records, table);

    public void Failed(string table) => _failures.Inc(table);

    public void Lost(string table, int records) => _lost.Inc(records, table);

    public void Show(string table, bool isUp, int backlog)
    {
        _up.WithLabels(table).Set(isUp ? 1 : 0);
        _backlog.WithLabels(table).Set(backlog);
        _failures.Begin(table);
        _lost.Begin(table);
    }

    public void Kept(string table, RecordVolume volume, long pruned)
    {
        _records.WithLabels(table).Set(volume.Records);
        _bytes.WithLabels(table).Set(volume.Bytes);
        _pruned.Inc(pruned, table);
    }

    /// <summary>The term has ended: another manager fills the tables.</summary>
    public void EndTerm()
    {
        foreach (var gauge in (ReadOnlySpan<Gauge>)[_up, _backlog, _records, _bytes])
        {
            foreach (var labels in gauge.GetAllLabelValues()) gauge.RemoveLabelled(labels);
        }
    }
}
