using System.Globalization;
using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>
/// Translates one trigger of a ScaledObject. Its numbers are KEDA's floats, but for cpu and memory, which are the HPA's.
/// </summary>
internal sealed class KedaTrigger
{
    private readonly PolicyDraft _draft;
    private readonly Section _trigger;
    private readonly Tolerances _tolerance;
    private readonly Section _data;
    private readonly string _type;
    private readonly string? _name;
    private readonly string? _metricType;

    public KedaTrigger(PolicyDraft draft, Section trigger, in Tolerances tolerance)
    {
        (_draft, _trigger, _tolerance) = (draft, trigger, tolerance);
        _type = trigger.Need("type") ?? "";
        (_name, _metricType) = (trigger.Text("name"), trigger.Text("metricType"));
        _data = trigger.Sub("metadata") ?? trigger;
    }

    public void Read()
    {
        _trigger.Harmless("is how KEDA asks; the manager asks each server once a tick", "useCachedMetrics");
        if (_metricType is not (null or "AverageValue" or "Value" or "Utilization"))
        {
            _trigger.Drop($"was left out: the metricType '{_metricType}' is none of KEDA's");
            return;
        }

        if (_type is not ("cpu" or "memory" or "cron"))
        {
            if (_metricType == "Utilization")
            {
                _trigger.Drop("was left out: Utilization is of cpu and memory");
                return;
            }

            _trigger.Changed("has what the server in --sources needs: write its user and secret there", "authenticationRef");
        }

        _data.Harmless("is a name that KEDA no longer uses", "metricName");
        switch (_type)
        {
            case "cpu" or "memory":
                Resource();
                break;
            case "cron":
                Cron();
                break;
            default:
                if (KedaSources.Server(_type) is { } server)
                {
                    _draft.Log.Changed(_trigger.At,
                        $"the {server} server of the trigger '{_type}' has to be named in the manager's --sources");
                }

                if (KedaSources.Read(_type, _data, _draft) is { } source) Target(source);
                else _trigger.Drop($"was left out: {KedaSources.Why(_type)}");
                break;
        }
    }

    private void Target(KedaSource source)
    {
        var isGood = _data.Number(source.ThresholdKey, out var given) & _data.Number(source.ActivationKey, out var over);
        var value = given ?? source.Usual ?? 0;
        var threshold = Milli(value);
        if (!isGood || threshold <= 0)
        {
            _trigger.Drop($"was left out: '{source.ThresholdKey}' is no target that could be read");
            return;
        }

        if (threshold != value)
            _draft.Log.Changed(_data.PlaceOf(source.ThresholdKey), "KEDA keeps three places after the point, and so does this");
        var isValue = _metricType == "Value";
        if (isValue && over > 0)
        {
            _draft.Log.Changed(_data.PlaceOf(source.ActivationKey),
                $"'{source.ActivationKey}' wakes from zero; with the metricType Value it takes nothing to zero here");
        }

        var read = _draft.Metric(_name ?? source.Wish, source.Metric);
        var per = isValue ? "" : ", per: instance";
        var wakes = over > 0 ? $", activation: {PolicyDraft.Number(over.Value)}" : "";
        _draft.Rule($"keep {read} at its target",
            $"target: {{ metric: {read}, value: {PolicyDraft.Number(threshold)}{per}{wakes}{_tolerance} }}");

        // Through decimals, so that 0.29 stays 0.29.
        static double Milli(double value) => (double)(decimal.Truncate((decimal)Math.Clamp(value, -1e15, 1e15) * 1000) / 1000);
    }

    private void Resource()
    {
        var old = _data.Text("type");
        _data.Lost("was left out: the statistics of a container here are those of the whole instance", "containerName");
        _trigger.Harmless("is of no use to cpu and memory", "authenticationRef");
        var type = _metricType ?? old ?? "Utilization";
        if (type == "Utilization" && _data.Whole("value", out var percent, 1) && percent is { } share)
            HpaMetrics.Share(_draft, _type, share, _tolerance, _data.PlaceOf("value"));
        else if (type == "AverageValue" && _data.Quantity("value", out var value) && value is { IsPositive: true } used)
            HpaMetrics.Used(_draft, _type, used, _tolerance);
        else
            _trigger.Drop($"was left out: it has no value of the type {type} that could be read");
    }

    private void Cron()
    {
        var (start, end, zone) = (_data.Need("start"), _data.Need("end"), _data.Need("timezone"));
        var isGood = _data.Whole("desiredReplicas", out var desired, 0, 100_000);
        if (start is null || end is null || zone is null || !isGood || desired is not { } count)
        {
            _trigger.Drop("was left out: it needs 'start', 'end', 'timezone' and 'desiredReplicas'");
            return;
        }

        if (CronRecurrence.FromUnix(start) is not { } from || CronRecurrence.FromUnix(end) is not { } until)
        {
            _trigger.Drop($"was left out: '{start}' to '{end}' has no single cron of Quartz'");
            return;
        }

        var least = Math.Min(count, _draft.Max);
        if (least != count)
        {
            _draft.Log.Changed(_data.PlaceOf("desiredReplicas"),
                string.Create(CultureInfo.InvariantCulture,
                    $"{count} instances are bounded to {least}, as KEDA's HPA bounds them"));
        }

        _draft.Rule(_name ?? $"from {start}",
            $"schedule: {{ cron: '{from}', until: '{until}', zone: {PolicyDraft.Quote(zone)} }}",
            string.Create(CultureInfo.InvariantCulture, $"then: {{ min: {least} }}"));
    }
}
