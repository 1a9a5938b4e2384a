using System.Globalization;
using System.Text;
using System.Text.Json;
using LifecycleManager.Scheduler.Api;
using LifecycleManager.Scheduler.Core.Snapshots;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Prometheus;

namespace LifecycleManager.Scheduler;

/// <summary>
/// <c>/metrics</c> in the form that Marathon's own has, for who asks for JSON: the scheduler's metrics under their names with
/// their labels, and of Marathon's names, of both its times, those that there is something to tell of.
/// </summary>
internal static class MetricsJson
{
    private const string Path = "/metrics";
    private const string Version = "4.0.0";

    /// <summary>Answers those who ask for JSON; all others are answered by what is mapped.</summary>
    /// <param name="app">The role, after its access control.</param>
    /// <param name="registry">The role's metrics.</param>
    /// <param name="scheduler">The scheduler.</param>
    public static void Use(IApplicationBuilder app, CollectorRegistry registry, SchedulerService scheduler) =>
        app.Use(async (context, next) =>
        {
            var isAsked = context.Request.Path == Path && HttpMethods.IsGet(context.Request.Method)
                && new AcceptedMedia(context.Request.Headers.Accept.ToString()).AsksForJson;
            if (!isAsked)
            {
                await next(context);
                return;
            }

            using var text = new MemoryStream();
            await registry.CollectAndExportAsTextAsync(text, context.RequestAborted);
            var json = Write(Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length), scheduler.Snapshot);
            context.Response.ContentType = "application/json";
            context.Response.Headers.XContentTypeOptions = "nosniff";
            await context.Response.Body.WriteAsync(json, context.RequestAborted);
        });

    /// <summary>Writes what Prometheus' text has.</summary>
    /// <param name="text">Prometheus' text.</param>
    /// <param name="snapshot">What the scheduler knows.</param>
    public static ReadOnlyMemory<byte> Write(string text, SchedulerSnapshot snapshot)
    {
        var (counters, gauges) = (new SortedDictionary<string, double>(StringComparer.Ordinal), OfMarathon(snapshot));
        var histograms = new SortedDictionary<string, (double Count, double Sum)>(StringComparer.Ordinal);
        var type = "";
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal)) type = line[(line.LastIndexOf(' ') + 1)..];
            if (line[0] == '#') continue;
            var end = line.LastIndexOf(' ');
            var series = line[..end];

            // What is no number there is nothing to tell of.
            if (!double.TryParse(line[(end + 1)..], NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                || !double.IsFinite(value)) continue;
            if (type == "counter") counters[series] = value;
            else if (type == "gauge") gauges[series] = value;
            else if (type == "histogram") Add(histograms, series, value);
        }

        using var buffer = new MemoryStream();
        using (var json = ApiAnswer.Writer(buffer))
        {
            json.WriteStartObject();
            json.WriteString("version", Version);
            Section(json, "counters", counters, static (json, value) => json.WriteNumber("count", value));
            Section(json, "gauges", gauges, static (json, value) => json.WriteNumber("value", value));
            Section(json, "histograms", histograms, static (json, value) =>
            {
                json.WriteNumber("count", value.Count);
                if (value.Count > 0) json.WriteNumber("mean", value.Sum / value.Count);
            });
            Section(json, "meters", counters.Take(0), static (_, _) => { });
            Section(json, "timers", counters.Take(0), static (_, _) => { });
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    // Who does not lead has nothing to tell of apps.
    private static SortedDictionary<string, double> OfMarathon(SchedulerSnapshot snapshot)
    {
        var gauges = new SortedDictionary<string, double>(StringComparer.Ordinal);
        if (!snapshot.Leader.IsLeading) return gauges;
        var wanted = snapshot.Apps.Values.Where(status => !status.IsRemoved).ToList();
        var (running, staged) = (wanted.Sum(status => status.Running), wanted.Sum(status => status.Staged));
        var (apps, groups) = (wanted.Count(status => !status.Definition.IsPod), snapshot.Root.AllGroups.Count());
        gauges["marathon.apps.active.gauge"] = gauges["service.mesosphere.marathon.app.count"] = apps;
        gauges["marathon.groups.active.gauge"] = gauges["service.mesosphere.marathon.group.count"] = groups;
        gauges["marathon.pods.active.gauge"] = wanted.Count - apps;
        gauges["marathon.deployments.active.gauge"] = snapshot.Deployments.Count;
        gauges["marathon.instances.running.gauge"] = gauges["service.mesosphere.marathon.task.running.count"] = running;
        gauges["marathon.instances.staged.gauge"] = gauges["service.mesosphere.marathon.task.staged.count"] = staged;
        return gauges;
    }

    private static void Add(SortedDictionary<string, (double Count, double Sum)> histograms, string series, double value)
    {
        var labels = series.IndexOf('{', StringComparison.Ordinal);
        var (name, rest) = labels < 0 ? (series, "") : (series[..labels], series[labels..]);
        foreach (var (ending, isCount) in (ReadOnlySpan<(string, bool)>)[("_count", true), ("_sum", false)])
        {
            if (!name.EndsWith(ending, StringComparison.Ordinal)) continue;
            var key = name[..^ending.Length] + rest;
            var (count, sum) = histograms.GetValueOrDefault(key);
            histograms[key] = isCount ? (value, sum) : (count, value);
        }
    }

    private static void Section<T>(
        Utf8JsonWriter json, string name, IEnumerable<KeyValuePair<string, T>> entries, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartObject(name);
        foreach (var (series, value) in entries)
        {
            json.WriteStartObject(series);
            write(json, value);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
