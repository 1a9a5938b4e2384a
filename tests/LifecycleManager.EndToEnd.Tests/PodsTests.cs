using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LifecycleManager.EndToEnd.Tests.Harness;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>Pods on real processes: placed, started, healthy, replaced and ended as one.</summary>
public sealed class PodsTests
{
    [Fact]
    public async Task The_containers_of_a_pod_live_and_end_together_through_every_crash_and_change()
    {
        await using var stack = await Stack.UpAsync();
        const string Mark = "4321";
        await SendAsync(stack, HttpMethod.Post, "/v2/pods", Pod(2, Mark), HttpStatusCode.Created);
        var before = await StableAsync(stack, 2);
        foreach (var instance in before)
        {
            Assert.Equal(["TASK_RUNNING", "TASK_RUNNING"], instance["containers"]!.AsArray()
                .Select(container => (string)container!["status"]!));
            var endpoint = instance["containers"]![0]!["endpoints"]![0]!;
            Assert.True((bool)endpoint["healthy"]!);
            var at = new Uri($"http://{instance["agentHostname"]}:{(int)endpoint["allocatedHostPort"]!}/");
            using var http = new HttpClient();
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(at, TestContext.Current.CancellationToken)).StatusCode);
        }

        // Neither the crash of all roles nor a restart touches it.
        await stack.Lcm.KillAsync();
        await stack.StartAsync();
        Assert.Equal(Ids(before), Ids(await StableAsync(stack, 2)));

        // One container ends: the other goes with it, and another instance comes.
        var broken = (string)before[0]["id"]!;
        Kill($"{broken}.side", "sleep");
        var after = await StableAsync(stack, 2, instances => !Ids(instances).Contains(broken));
        Assert.Contains((string)before[1]["id"]!, Ids(after));

        // A change replaces, another count scales.
        await SendAsync(stack, HttpMethod.Put, "/v2/pods/shop/pair?force=true", Pod(1, "4322"), HttpStatusCode.OK);
        var changed = await StableAsync(stack, 1, instances => !Ids(instances).Intersect(Ids(after)).Any());
        Assert.EndsWith((string)(await StatusAsync(stack))["spec"]!["version"]!, (string)changed[0]["specReference"]!,
            StringComparison.Ordinal);

        await SendAsync(stack, HttpMethod.Delete, $"/v2/pods/shop/pair::instances/{changed[0]["id"]}", null, HttpStatusCode.OK);
        await StableAsync(stack, 1, instances => !Ids(instances).Contains((string)changed[0]["id"]!));

        await SendAsync(stack, HttpMethod.Delete, "/v2/pods/shop/pair?force=true", null, HttpStatusCode.Accepted);
        await Tasks.EndedAsync(stack.Master, stack.Master.BaseAddress!, stack.Describe);
    }

    [Fact]
    public async Task A_pod_of_images_is_containers_on_the_machine_s_network()
    {
        using var containers = new Containers();
        const string Image = "lcm-e2e-pods";
        await containers.MakeBusyboxAsync(Image, "1");
        var shared = Directory.CreateTempSubdirectory("lcm-e2e-pods-");
        await File.WriteAllTextAsync(Path.Combine(shared.FullName, "index.html"), "shared",
            TestContext.Current.CancellationToken);
        await using var stack = await Stack.UpAsync(["--stop-tasks"]);
        await SendAsync(stack, HttpMethod.Post, "/v2/pods", $$"""
            {"id":"/shop/pair",
             "containers":[
               {"name":"web","image":{"kind":"DOCKER","id":"{{Image}}:1"},"resources":{"cpus":0.1,"mem":32},
                "exec":{"command":{"shell":"exec /bin/httpd -f -h /www -p $ENDPOINT_HTTP"} },"endpoints":[{"name":"http"}],
                "volumeMounts":[{"name":"pages","mountPath":"/www","readOnly":true}],
                "healthCheck":{"tcp":{"endpoint":"http"},"intervalSeconds":0.5,"delaySeconds":0},"lifecycle":{"killGracePeriodSeconds":1} },
               {"name":"writer","image":{"kind":"DOCKER","id":"{{Image}}:1"},"resources":{"cpus":0.1,"mem":32},
                "exec":{"command":{"shell":"echo $ENDPOINT_HTTP > /pages/port; exec /bin/sleep 1000"} },
                "volumeMounts":[{"name":"pages","mountPath":"/pages"}],"lifecycle":{"killGracePeriodSeconds":1} }],
             "volumes":[{"name":"pages","host":"{{shared.FullName}}"}]}
            """, HttpStatusCode.Created);

        var instance = Assert.Single(await StableAsync(stack, 1));
        Assert.Equal(2, (await containers.RunningAsync(Image + ":1")).Count);
        var port = (int)instance["containers"]![0]!["endpoints"]![0]!["allocatedHostPort"]!;
        using var http = new HttpClient { BaseAddress = new Uri($"http://{instance["agentHostname"]}:{port}") };
        Assert.Equal("shared", await http.GetStringAsync("/index.html", TestContext.Current.CancellationToken));
        await Eventually.TrueAsync(async () => (await http.GetStringAsync("/port"))
            .Trim() == port.ToString(CultureInfo.InvariantCulture), "what the other writes");

        await SendAsync(stack, HttpMethod.Delete, "/v2/pods/shop/pair?force=true", null, HttpStatusCode.Accepted);
        await Eventually.TrueAsync(async () => (await containers.RunningAsync(Image + ":1")).Count == 0, "the end of both",
            more: stack.Describe);
        shared.Delete(recursive: true);
    }

    private static string Pod(int instances, string mark) => string.Create(CultureInfo.InvariantCulture, $$"""
        {"id":"/shop/pair",
         "containers":[
           {"name":"web","exec":{"command":{"shell":"exec python3 -m http.server $ENDPOINT_HTTP"} },"resources":{"cpus":0.1,"mem":64},
            "endpoints":[{"name":"http","hostPort":0}],
            "healthCheck":{"http":{"endpoint":"http","path":"/"},"intervalSeconds":0.5,"gracePeriodSeconds":30,"delaySeconds":0} },
           {"name":"side","exec":{"command":{"argv":["/bin/sleep","{{mark}}"]} },"resources":{"cpus":0.1,"mem":32} }],
         "scaling":{"kind":"fixed","instances":{{instances}} },
         "scheduling":{"backoff":{"backoff":0.1,"backoffFactor":1,"maxLaunchDelay":1} } }
        """);

    private static void Kill(string task, string program)
    {
        var wanted = $"MESOS_TASK_ID={task}";
        Process.GetProcessesByName(program).First(process =>
        {
            try
            {
                return File.ReadAllText($"/proc/{process.Id}/environ").Split('\0').Contains(wanted, StringComparer.Ordinal);
            }
            catch (IOException)
            {
                // Somebody else's, which has ended meanwhile.
                return false;
            }
        }).Kill();
    }

    private static List<string> Ids(IEnumerable<JsonNode> instances) =>
        [.. instances.Select(instance => (string)instance["id"]!).Order(StringComparer.Ordinal)];

    private static async Task<JsonNode> StatusAsync(Stack stack) =>
        JsonNode.Parse(await stack.Scheduler.GetStringAsync("/v2/pods/shop/pair::status",
            TestContext.Current.CancellationToken))!;

    private static Task<List<JsonNode>> StableAsync(Stack stack, int count, Func<IReadOnlyList<JsonNode>, bool>? also = null) =>
        Eventually.GetAsync(async () =>
    {
        var status = await StatusAsync(stack);
        var instances = status["instances"]!.AsArray().Select(instance => instance!).ToList();
        return (string)status["status"]! == "STABLE" && instances.Count == count && also?.Invoke(instances) != false
            ? instances : null;
    }, $"{count} stable instances", more: stack.Describe)!;

    private static async Task SendAsync(Stack stack, HttpMethod method, string path, string? body, HttpStatusCode status) =>
        await Eventually.TrueAsync(async () =>
    {
        using var request = new HttpRequestMessage(method, path)
        {
            Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
        };
        using var answer = await stack.Scheduler.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == status || answer.StatusCode == HttpStatusCode.ServiceUnavailable,
            $"{answer.StatusCode}: {text}");
        return answer.StatusCode == status;
    }, $"{method} {path}", more: stack.Describe);
}
