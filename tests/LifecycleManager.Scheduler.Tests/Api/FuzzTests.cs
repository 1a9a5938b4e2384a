using LifecycleManager.Scheduler.Api;
using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Tests.Definitions;
using LifecycleManager.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Scheduler.Tests.Api;

public sealed class FuzzTests
{
    [Fact]
    public async Task No_request_fails_and_what_was_taken_is_there_after_a_restart()
    {
        var store = "memory:" + Guid.NewGuid().ToString("N");
        await using var kept = await StateBackend.OpenAsync(store, null, TimeProvider.System, NullLoggerFactory.Instance,
            default);
        var taken = new SortedSet<string>(StringComparer.Ordinal);
        await using (var scheduler = await SchedulerUnderTest.StartAsync(store))
        {
            for (var seed = 0; seed < 150; seed++)
            {
                var id = $"/fuzz/a{seed}";
                var body = new RandomApps(seed).App(id);
                var answer = seed % 3 == 0 ? await scheduler.PostAsync("/v2/apps", body)
                    : await scheduler.PutAsync($"/v2/apps{id}?partialUpdate={(seed % 2 == 0 ? "true" : "false")}", body);
                Assert.True((int)answer.Status is 201 or 400 or 422, $"{(int)answer.Status} {answer.Text} for {body}");
                if ((int)answer.Status == 201) taken.Add(id);
                else Assert.NotEmpty(answer.Json["details"]!.AsArray());
            }

            Assert.True(taken.Count > 30, $"only {taken.Count} were taken");
            foreach (var (id, seed) in taken.Select((id, index) => (id, 1_000 + index)))
            {
                var answer = await scheduler.PutAsync($"/v2/apps{id}?force=true", new RandomApps(seed).App(id));
                Assert.True((int)answer.Status is 200 or 400 or 422, answer.Text);
            }

            Assert.Equal(taken, await IdsAsync(scheduler));
        }

        await using var again = await SchedulerUnderTest.StartAsync(store);
        Assert.Equal(taken, await IdsAsync(again));
    }

    [Fact]
    public async Task No_operation_fails_whatever_its_path_its_query_and_its_body()
    {
        await using var scheduler = await SchedulerUnderTest.StartAsync();
        (await scheduler.PostAsync("/v2/apps", """{"id":"/a","cmd":"x","labels":{"lcm.canary":"1 pause"}}""")).Is(201);
        (await scheduler.PutAsync("/v2/groups/g",
            """{"apps":[{"id":"b","cmd":"x"}],"groups":[{"id":"h","apps":[{"id":"c","cmd":"x"}]}]}""")).Is(200);
        var operations = scheduler.Operations.Where(operation => operation.Path is not ("/v2/events" or "/v2/leader")).ToList();
        var answered = new HashSet<int>();
        for (var seed = 0; seed < 700; seed++)
        {
            var random = new Random(seed);
            string Pick(params string[] values) => values[random.Next(values.Length)];
            var operation = operations[random.Next(operations.Count)];
            var version = Pick("2026-01-01T00:00:00.000Z", "0001-01-01", "x", "9999-12-31T23:59:59.999Z");
            var known = (await scheduler.GetAsync("/v2/deployments")).Json.AsArray()
                .Select(deployment => (string)deployment!["id"]!).FirstOrDefault();
            var path = operation.DocumentPath
                .Replace("{version}", version, StringComparison.Ordinal)
                .Replace("{id}", operation.Path.Contains("deployments", StringComparison.Ordinal) && known is not null
                    && random.Next(2) == 0 ? known
                    : Pick("a", "g", "g/b", "g/h/c", "none", "%2e%2e", "%F0%9F%9A%80", "a%2Fb", "g/*", "*", "a/tasks", "%00",
                        "x/blue-green"), StringComparison.Ordinal);
            path = System.Text.RegularExpressions.Regex.Replace(path, @"\{\w+\}", _ => Pick("t", "a.1", "%20"));
            var query = string.Join('&', operation.Query.Where(_ => random.Next(3) == 0)
                .Select(parameter =>
                    $"{parameter.Name}={Pick("true", "false", "", "light", "apps.tasks", "group.apps", "manual", "auto", "1s", "-1", "9e99", "%00", "a==b", "a in (")}"));
            var body = operation.Body is null ? null
                : operation.Body == typeof(Protocol.Marathon.App) ? new RandomApps(seed).App(random.Next(2) == 0 ? "/a" : null)
                : operation.Body == typeof(Protocol.Marathon.Group) ? Group(random, seed, 0)
                : operation.Body == typeof(Protocol.Marathon.Pod) ? RandomPod(random, random.Next(2) == 0 ? "/p" : $"/p{seed}")
                : operation.Body == typeof(IReadOnlyList<string>) ? Pick("[]", """["x"]""", "[null]", "{}")
                : operation.Body == typeof(TaskIdList)
                ? Pick("""{"ids":[]}""", """{"ids":["a.1",""]}""", """{"ids":[null]}""", "[]")
                : $"[{new RandomApps(seed).App("/a")},{new RandomApps(seed + 1).App()}]";
            var answer = await scheduler.SendAsync(operation.Method, $"{path}?{query}", body);
            answered.Add((int)answer.Status);
            // Only a plan of moves needs the agents, and no master tells of them here.
            var needsMaster = operation.Path == "/v2/rebalance"
                && answer.Text.Contains("no master is connected", StringComparison.Ordinal);
            Assert.True((int)answer.Status < 500 || needsMaster && (int)answer.Status == 503,
                $"{operation.Method} {path}?{query} {body}: {(int)answer.Status} {answer.Text}");
            Assert.True((int)answer.Status != 404 || answer.Bytes.Length == 0
                || answer.Text.Contains("message", StringComparison.Ordinal), answer.Text);
        }

        Assert.Superset(new HashSet<int> { 200, 201, 400, 404, 409, 422 }, answered);
    }

    [Fact]
    public async Task A_group_that_was_taken_is_there_whole()
    {
        await using var scheduler = await SchedulerUnderTest.StartAsync();
        var taken = 0;
        for (var seed = 0; seed < 80; seed++)
        {
            var body =
                $$"""{"apps":[{{new RandomApps(seed).App("x")}},{"id":"y","cmd":"x","instances":0}],"groups":[{"id":"h","apps":[{{new RandomApps(seed + 900).App("z")}}]}]}""";
            var answer = await scheduler.PutAsync($"/v2/groups/g{seed}", body);
            Assert.True((int)answer.Status is 200 or 400 or 422, $"{(int)answer.Status} {answer.Text} for {body}");
            var ids = (await scheduler.GetAsync($"/v2/apps?id=/g{seed}/")).Is(200).Json["apps"]!.AsArray()
                .Select(app => (string)app!["id"]!);
            if ((int)answer.Status == 200) Assert.Equal([$"/g{seed}/h/z", $"/g{seed}/x", $"/g{seed}/y"], ids);
            else Assert.Empty(ids);
            if ((int)answer.Status == 200) taken++;
        }

        Assert.True(taken > 5, $"only {taken} were taken");
    }

    private static string Group(Random random, int seed, int depth)
    {
        var fields = new List<string>();
        if (random.Next(2) == 0) fields.Add($"\"id\":\"{(random.Next(2) == 0 ? "g" : $"n{seed}")}\"");
        if (random.Next(2) == 0) fields.Add($"\"apps\":[{new RandomApps(seed).App("a")}]");
        if (random.Next(3) == 0 && depth < 3) fields.Add($"\"groups\":[{Group(random, seed + 1, depth + 1)}]");
        if (random.Next(5) == 0) fields.Add("\"dependencies\":[\"/a\",\"../g\"]");
        if (random.Next(5) == 0) fields.Add($"\"scaleBy\":{(random.Next(2) == 0 ? "2" : "-1")}");
        if (random.Next(9) == 0) fields.Add("\"pods\":[{}]");
        if (random.Next(9) == 0) fields.Add("\"version\":\"2026-01-01T00:00:00.000Z\"");
        return "{" + string.Join(',', fields) + "}";
    }

    [Fact]
    public async Task A_pod_that_was_taken_is_there_after_a_restart()
    {
        var store = "memory:" + Guid.NewGuid().ToString("N");
        await using var kept = await StateBackend.OpenAsync(store, null, TimeProvider.System, NullLoggerFactory.Instance,
            default);
        var taken = new List<string>();
        await using (var scheduler = await SchedulerUnderTest.StartAsync(store))
        {
            for (var seed = 0; seed < 300; seed++)
            {
                var body = RandomPod(new Random(seed), $"/pods/p{seed:000}");
                var answer = await scheduler.PostAsync("/v2/pods", body);
                Assert.True((int)answer.Status is 201 or 422, $"{(int)answer.Status} {answer.Text} for {body}");
                if ((int)answer.Status == 201) taken.Add((string)answer.Json["id"]!);
            }
        }

        Assert.True(taken.Count > 20, $"only {taken.Count} were taken");
        await using var again = await SchedulerUnderTest.StartAsync(store);
        Assert.Equal(taken, (await again.GetAsync("/v2/pods")).Is(200).Json.AsArray().Select(pod => (string)pod!["id"]!));
    }

    private static string RandomPod(Random random, string id)
    {
        // Each field is missing, good, or now and then something else.
        string Field(string name, params string[] values) =>
            random.Next(3) == 0
            ? "" : $",\"{name}\":{(random.Next(25) == 0 ? "{\"x\":[]}" : values[random.Next(random.Next(6) == 0 ? values.Length : 1)])}";
        string Container(int index) => $$"""
            {"name":"c{{index}}"{{Field("resources", """{"cpus":0.1,"mem":32}""", """{"cpus":-1}""", """{"mem":1e300}""", """{"gpus":1}""")}}
            ,"exec":{"command":{{(random.Next(9) == 0 ? """{"shell":"x","argv":["y"]}""" : random.Next(2) == 0 ? """{"shell":"sleep 1"}""" : """{"argv":["sleep","1"]}""")}}}
            {{Field("image", """{"kind":"DOCKER","id":"a:1"}""", """{"kind":"APPC","id":"a"}""", """{"kind":"DOCKER","id":" "}""", """{"kind":"DOCKER","id":"a","pullConfig":{}}""")}}
            ,"endpoints":[{"name":"e{{index}}"{{Field("hostPort", "0", "8081", "-1", "70000")}}{{Field("protocol", """["tcp"]""", """["udp","tcp"]""", """["tcp","tcp"]""", """["sctp"]""", "[]")}}{{Field("labels", """{"a":"b"}""")}} }]
            {{Field("healthCheck", $$"""{"http":{"endpoint":"e{{index}}"} }""", """{"tcp":{"endpoint":"no"}}""", """{"exec":{"command":{"shell":"true"}}}""", """{"exec":{"command":{"argv":["true"]}}}""", "{}")}}
            {{Field("environment", """{"A":"1"}""", """{"A":{"secret":"none"}}""", """{"=":"x"}""", """{"A":1}""")}}
            {{Field("volumeMounts", "[]", """[{"name":"data","mountPath":"/data"}]""", """[{"name":"no","mountPath":"/x"}]""", """[{"name":"data"}]""")}}
            {{Field("lifecycle", """{"killGracePeriodSeconds":3}""", """{"killGracePeriodSeconds":-3}""")}}{{Field("artifacts", """[{"uri":"http://h/f"}]""", """[{"uri":"x y"}]""")}}{{Field("tty", "false", "true")}} }
            """;
        var constraint = random.Next(4) == 0 ? """{"operator":"LIKE"}""" : """{"fieldName":"@hostname","operator":"UNIQUE"}""";
        return $$"""
            {"id":"{{id}}","containers":[{{string.Join(',', Enumerable.Range(0, random.Next(1, 4)).Select(Container))}}]
            {{Field("volumes", """[{"name":"data","host":"/srv"}]""", """[{"name":"data"}]""", """[{"name":"data","secret":"s"}]""")}}
            {{Field("networks", """[{"mode":"host"}]""", """[{"mode":"container","name":"n"}]""", "[]")}}
            {{Field("scaling", """{"kind":"fixed","instances":0}""", """{"kind":"fixed","instances":-1}""", """{"kind":"other"}""", """{"kind":"fixed","instances":3,"maxInstances":2}""")}}
            {{Field("scheduling", $$"""{"placement":{"constraints":[{{constraint}}]} }""", """{"backoff":{"backoffFactor":0.1}}""", """{"upgrade":{"minimumHealthCapacity":2}}""", """{"unreachableStrategy":"disabled","killSelection":"OLDEST_FIRST"}""", """{"killSelection":"ANY"}""")}}
            {{Field("labels", """{"team":"x"}""", """{"lcm.priority":"high"}""")}}{{Field("user", "\"nobody\"", "\"a b\"")}}{{Field("executorResources", """{"cpus":0.2}""", """{"mem":-1}""")}} }
            """;
    }

    private static async Task<SortedSet<string>> IdsAsync(SchedulerUnderTest scheduler) => new(
        (await scheduler.GetAsync("/v2/apps")).Is(200).Json["apps"]!.AsArray()
        .Select(app => (string)app!["id"]!), StringComparer.Ordinal);
}
