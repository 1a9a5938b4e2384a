using System.Net.Http.Json;
using System.Text.Json;
using LifecycleManager.Clients;
using LifecycleManager.Clients.Agents;
using LifecycleManager.Console.Charts;
using LifecycleManager.Console.Clients;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Console.Live;

/// <summary>What the instances of an app have used since somebody looks.</summary>
/// <param name="Cpus">Cpus in use, a line an instance.</param>
/// <param name="Memory">Memory in use, in MB, a line an instance.</param>
/// <param name="LeftOut">Instances of which there is no line, since there are too many.</param>
/// <param name="Problems">Why something is not known.</param>
internal sealed record UsageHistory(
    IReadOnlyList<ChartSeries> Cpus, IReadOnlyList<ChartSeries> Memory, int LeftOut, IReadOnlyList<string> Problems);

/// <summary>
/// Asks the agents of one app's instances, as whoever looks, what these use, and remembers the last answers. What an agent does
/// not tell at a time is missing then.
/// </summary>
/// <param name="sandboxes">Finds the agents.</param>
/// <param name="time">The clock.</param>
internal sealed class UsageSampler(SandboxClient sandboxes, TimeProvider time)
{
    /// <summary>Instances that have a line.</summary>
    private const int Most = 12;

    /// <summary>Answers that are remembered.</summary>
    private const int Kept = 360;

    private const double Megabyte = 1024 * 1024;

    private readonly Dictionary<string, (double Seconds, double At)> _last = new(StringComparer.Ordinal);
    private readonly Queue<(DateTimeOffset At, Dictionary<string, (double? Cpus, double? Memory)> Of)> _samples = new();

    /// <summary>Asks once.</summary>
    public async Task<UsageHistory> ReadAsync(App app, CancellationToken cancellation)
    {
        var tasks = (app.Tasks ?? []).Where(task => task.SlaveId is not null)
            .OrderBy(task => task.Id, StringComparer.Ordinal).ToList();
        var shown = tasks.Take(Most).ToDictionary(task => task.Id, StringComparer.Ordinal);
        var sample = new Dictionary<string, (double? Cpus, double? Memory)>(StringComparer.Ordinal);
        var problems = new List<string>();
        foreach (var (agent, items, problem) in await Task.WhenAll(
            shown.Values.Select(task => task.SlaveId!).Distinct().Select(agent => AskAsync(agent, cancellation))))
        {
            if (problem is not null) problems.Add($"{agent}: {problem}");
            foreach (var item in items)
            {
                if (item.TryGetProperty("source", out var source) && shown.ContainsKey(source.ToString())
                    && item.TryGetProperty("statistics", out var statistics))
                    sample[source.ToString()] = Read(source.ToString(), statistics);
            }
        }

        foreach (var gone in _last.Keys.Where(task => !shown.ContainsKey(task)).ToList()) _last.Remove(gone);
        _samples.Enqueue((time.GetUtcNow(), sample));
        if (_samples.Count > Kept) _samples.Dequeue();
        var names = _samples.SelectMany(one => one.Of.Keys).Distinct().Order(StringComparer.Ordinal).Take(Most).ToList();
        return new UsageHistory(
            [.. names.Select(name => Series(name, of => of.Cpus))], [.. names.Select(name => Series(name, of => of.Memory))],
            Math.Max(0, tasks.Count - Most), problems);
    }

    private ChartSeries Series(string task, Func<(double? Cpus, double? Memory), double?> value) => new(
        new SandboxInstance(task, "", IsEnded: false).ShortName,
        [.. _samples.Select(one => new ChartPoint(one.At, one.Of.TryGetValue(task, out var of) ? value(of) : null))]);

    // A share of cpus is what came between two answers, by the agent's own clock.
    private (double? Cpus, double? Memory) Read(string task, JsonElement statistics)
    {
        var memory = Number(statistics, "mem_rss_bytes") / Megabyte;
        if (Number(statistics, "cpus_user_time_secs") is not { } user
            || Number(statistics, "cpus_system_time_secs") is not { } system
            || Number(statistics, "timestamp") is not { } at) return (null, memory);
        double? cpus = _last.TryGetValue(task, out var before) && at > before.At && user + system >= before.Seconds
            ? (user + system - before.Seconds) / (at - before.At) : null;
        _last[task] = (user + system, at);
        return (cpus, memory);
    }

    private static double? Number(JsonElement statistics, string name) =>
        statistics.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private async Task<(string Agent, IReadOnlyList<JsonElement> Items, string? Problem)> AskAsync(
        string agent, CancellationToken cancellation)
    {
        try
        {
            var calls = await sandboxes.AgentAsync(agent, cancellation);
            using var answer = await calls.OpenAsync("/monitor/statistics", cancellation);
            var items = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation);
            return (agent, [.. items.EnumerateArray()], null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or AgentRefusalException or JsonException
            or InvalidOperationException)
        {
            return (agent, [], Failures.Describe(e));
        }
    }
}
