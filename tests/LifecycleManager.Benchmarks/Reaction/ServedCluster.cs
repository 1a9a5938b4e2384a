using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using LifecycleManager.Testing;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Benchmarks.Reaction;

/// <summary>A scheduler's apps, each with one instance whose metrics are served, and the policies that govern them.</summary>
internal sealed class ServedCluster : IAsyncDisposable
{
    private readonly FakeMarathon _marathon;
    private readonly bool[] _high;
    private readonly int _together;
    private readonly string _rules;
    private readonly byte[] _tasks;

    private ServedCluster(FakeMarathon marathon, int apps, int together, string rules)
    {
        (_marathon, _high, _together, _rules) = (marathon, new bool[apps], together, rules);
        _tasks = Tasks(apps);
        for (var i = 0; i < apps; i++) marathon.Add(Id(i), 1, labels: ("lcm.metrics.path", $"/metrics/{i}"));
        marathon.Fault = AnswerAsync;
    }

    public Uri Address => _marathon.Address;

    /// <summary>When the first change of each app came.</summary>
    public ConcurrentDictionary<string, DateTimeOffset> Arrived { get; } = new();

    /// <param name="apps">How many apps.</param>
    /// <param name="together">So many of them are governed by the policy whose threshold changes.</param>
    /// <param name="rules">Where the policies are written.</param>
    public static async Task<ServedCluster> StartAsync(int apps, int together, string rules) =>
        new(await FakeMarathon.StartAsync(), apps, together, rules);

    /// <summary>Lets an app's load step over the threshold of 20.</summary>
    public void Raise(int app) => Volatile.Write(ref _high[app], true);

    /// <summary>Writes the policies.</summary>
    /// <param name="threshold">Of the apps whose changes fall due together; the others have 20.</param>
    public async Task WritePoliciesAsync(int threshold)
    {
        await WriteAsync("alone", 20);
        await WriteAsync("together", threshold);
    }

    public ValueTask DisposeAsync() => _marathon.DisposeAsync();

    private string Id(int app) =>
        string.Create(CultureInfo.InvariantCulture, $"/{(app < _together ? "together" : "alone")}/{app}");

    private Task WriteAsync(string apps, int threshold) => File.WriteAllTextAsync(
        Path.Combine(_rules, $"{apps}.yml"),
        string.Create(CultureInfo.InvariantCulture, $$"""
            policy: {{apps}}
            app: /{{apps}}/*
            instances: { min: 1, max: 2 }
            metrics:
              load: { prometheus: load, across: sum }
            rules:
              - { rule: more, when: load > {{threshold}}, then: { add: 1 } }
            scaleOut: { limit: [] }

            """));

    private byte[] Tasks(int apps) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["tasks"] = new JsonArray([.. Enumerable.Range(0, apps).Select(i => new JsonObject
        {
            ["id"] = $"bench_{i}.1",
            ["appId"] = Id(i),
            ["host"] = "127.0.0.1",
            ["ports"] = new JsonArray(Address.Port),
            ["state"] = "TASK_RUNNING",
            ["startedAt"] = "2026-01-01T00:00:00.000Z",
            ["stagedAt"] = "2026-01-01T00:00:00.000Z",
            ["version"] = "2026-01-01T00:00:00.000Z",
        })]),
    }.ToJsonString());

    private async Task<bool> AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        if (http.Request.Method == HttpMethods.Put)
        {
            Arrived.TryAdd(path["/v2/apps".Length..], DateTimeOffset.UtcNow);
            return false;
        }

        if (path.StartsWith("/metrics/", StringComparison.Ordinal))
        {
            var app = int.Parse(path.AsSpan("/metrics/".Length), CultureInfo.InvariantCulture);
            http.Response.ContentType = "text/plain; version=0.0.4";
            await http.Response.WriteAsync(Volatile.Read(ref _high[app]) ? "load 24\n" : "load 15\n");
            return true;
        }

        if (path != "/v2/tasks") return false;
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(_tasks);
        return true;
    }
}
