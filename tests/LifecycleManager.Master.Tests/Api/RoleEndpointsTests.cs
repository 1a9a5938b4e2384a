using System.Net;
using System.Text;
using System.Text.Json;
using LifecycleManager.Master.Tests.Simulation;

namespace LifecycleManager.Master.Tests.Api;

/// <summary><c>/quota</c> and <c>/weights</c>, and the calls of the operator API that are the same.</summary>
public sealed class RoleEndpointsTests
{
    private const string Eng = """
        {"role": "eng", "guarantee": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 2}, "role": "*"},
                                      {"name": "mem", "type": "SCALAR", "scalar": {"value": 512}}]}
        """;

    [Theory]
    [InlineData("", "application/json")]
    [InlineData("/master", "application/x-www-form-urlencoded")]
    public async Task A_quota_is_set_read_and_removed(string prefix, string media)
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync(cpus: 4, mem: 1024);
        Assert.Equal((HttpStatusCode.OK, ""), await SendAsync(master, HttpMethod.Post, prefix + "/quota", Eng, media));
        var status = await master.GetAsync(prefix + "/quota");
        var info = Assert.Single(status.GetProperty("infos").EnumerateArray());
        Assert.Equal("eng", info.GetProperty("role").GetString());
        Assert.Equal(
            [("cpus", "SCALAR", 2.0, "*"), ("mem", "SCALAR", 512.0, "*")],
            info.GetProperty("guarantee").EnumerateArray().Select(resource => (
                resource.GetProperty("name").GetString()!, resource.GetProperty("type").GetString()!,
                resource.GetProperty("scalar").GetProperty("value").GetDouble(), resource.GetProperty("role").GetString()!)));

        // As Mesos: what is guaranteed is the limit, too.
        var config = Assert.Single(status.GetProperty("configs").EnumerateArray());
        foreach (var part in (string[])["guarantees", "limits"])
            Assert.Equal(512, config.GetProperty(part).GetProperty("mem").GetProperty("value").GetDouble());
        var again = await SendAsync(master, HttpMethod.Post, prefix + "/quota", Eng, media);
        Assert.Equal(HttpStatusCode.BadRequest, again.Status);
        Assert.Contains("already has quota", again.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(master, HttpMethod.Delete, prefix + "/quota/eng")).Status);
        Assert.Equal(0, (await master.GetAsync(prefix + "/quota")).GetProperty("infos").GetArrayLength());
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(master, HttpMethod.Delete, prefix + "/quota/eng")).Status);
    }

    [Fact]
    public async Task More_than_the_cluster_has_is_a_conflict_unless_it_is_forced()
    {
        await using var master = await MasterUnderTest.StartAsync();
        var (status, text) = await SendAsync(master, HttpMethod.Post, "/quota", Eng);
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("more than the cluster has", text, StringComparison.Ordinal);
        var forced = Eng.Replace("{\"role\": \"eng\"", "{\"force\": true, \"role\": \"eng\"", StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(master, HttpMethod.Post, "/quota", forced)).Status);
    }

    [Theory]
    [InlineData("""[]""", "Call")]
    [InlineData("""{"role": "eng"}""", "empty 'guarantee'")]
    [InlineData("""{"guarantee": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}}]}""", "specify a role")]
    [InlineData("""{"role": "*", "guarantee": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}}]}""", "'*'")]
    [InlineData("""{"role": "a", "guarantee": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": -1}}]}""", "negative")]
    [InlineData("""{"role": "a", "guarantee": [{"name": "ports", "type": "RANGES", "ranges": {"range": []}}]}""", "non-scalar")]
    [InlineData("""
        {"role": "a", "guarantee": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}, "role": "b"}]}
        """, "reserved")]
    [InlineData("""
        {"role": "a", "guarantee": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}, "revocable": {}}]}
        """, "revocable")]
    [InlineData("""
        {"role": "a", "guarantee": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}},
                                    {"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}}]}
        """, "duplicate")]
    [InlineData("""
        {"role": "a/b", "force": true, "guarantee": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}}]}
        """, "role 'a' guarantees 0 cpus")]
    public async Task What_is_no_quota_is_refused_with_its_reason(string body, string reason)
    {
        await using var master = await MasterUnderTest.StartAsync();
        var (status, text) = await SendAsync(master, HttpMethod.Post, "/quota", body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(reason, text, StringComparison.Ordinal);
        if (body[0] == '[') return;
        using var call = await master.TryOperateAsync($$"""{"type": "SET_QUOTA", "set_quota": {"quota_request": {{body}} } }""");
        Assert.Equal((status, text), (call.StatusCode, await call.Content.ReadAsStringAsync()));
    }

    [Theory]
    [InlineData("/quota/eng%2Fweb")]
    [InlineData("/quota/eng/web")]
    public async Task A_quota_below_another_goes_before_it(string child)
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync(cpus: 4, mem: 1024);
        foreach (var role in (string[])["eng", "eng/web"])
        {
            var body = Eng.Replace("\"eng\"", $"\"{role}\"", StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(master, HttpMethod.Post, "/quota", body)).Status);
        }

        var early = await SendAsync(master, HttpMethod.Delete, "/quota/eng");
        Assert.Equal(HttpStatusCode.BadRequest, early.Status);
        Assert.Contains("role 'eng' guarantees 0", early.Text, StringComparison.Ordinal);
        foreach (var path in (string[])[child, "/quota/eng"])
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(master, HttpMethod.Delete, path)).Status);
    }

    [Fact]
    public async Task The_operator_api_sets_and_removes_the_same_quotas()
    {
        await using var master = await MasterUnderTest.StartAsync();
        await using var agent = await master.RegisteredAgentAsync(cpus: 4, mem: 1024);
        await master.OperateAsync($$"""{"type": "SET_QUOTA", "set_quota": {"quota_request": {{Eng}} } }""");
        var status = (await master.OperateAsync("""{"type": "GET_QUOTA"}""")).GetProperty("get_quota").GetProperty("status");
        Assert.Equal((await master.GetAsync("/quota")).ToString(), status.ToString());
        await master.OperateAsync("""{"type": "REMOVE_QUOTA", "remove_quota": {"role": "eng"}}""");
        Assert.Equal(0, (await master.GetAsync("/quota")).GetProperty("configs").GetArrayLength());
    }

    [Theory]
    [InlineData("")]
    [InlineData("/master")]
    public async Task Weights_are_set_and_read_and_offers_are_shared_anew(string prefix)
    {
        await using var master = await MasterUnderTest.StartAsync(
            new MasterOptions { AllocationDelay = TimeSpan.FromMilliseconds(1) });
        await using var agent = await master.RegisteredAgentAsync();
        await using var framework = await master.FrameworkAsync(TestFramework.PartitionAware("test", 3600, "web"));
        var offer = await framework.OfferAsync();
        const string Weights = """[{"role": " web ", "weight": 2.5}, {"role": "db", "weight": 1}]""";
        Assert.Equal((HttpStatusCode.OK, ""), await SendAsync(master, HttpMethod.Put, prefix + "/weights", Weights));
        await framework.WaitAsync(() => framework.Events.Any(e => e.Rescind?.OfferId == offer.Id));
        Assert.Equal(
            [("db", 1.0), ("web", 2.5)],
            (await master.GetAsync(prefix + "/weights")).EnumerateArray().Select(
                info => (info.GetProperty("role").GetString()!, info.GetProperty("weight").GetDouble())));
        await master.VerifyAsync();
    }

    [Theory]
    [InlineData("""{"role": "web", "weight": 2}""")]
    [InlineData("""[{"role": "web", "weight": 0}]""")]
    [InlineData("""[{"role": "w b", "weight": 1}]""")]
    [InlineData("""[{"weight": 1}]""")]
    [InlineData("""[null]""")]
    [InlineData("""not json""")]
    public async Task What_is_no_list_of_weights_changes_nothing(string body)
    {
        await using var master = await MasterUnderTest.StartAsync();
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(master, HttpMethod.Put, "/weights", body)).Status);
        Assert.Equal(JsonValueKind.Array, (await master.GetAsync("/weights")).ValueKind);
        Assert.Equal(0, (await master.GetAsync("/weights")).GetArrayLength());
    }

    [Theory]
    [InlineData("PUT", "/quota", "GET, POST")]
    [InlineData("POST", "/quota/eng", "DELETE")]
    [InlineData("DELETE", "/weights", "GET, PUT")]
    public async Task Another_method_is_told_which_there_are(string method, string path, string allow)
    {
        await using var master = await MasterUnderTest.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = new StringContent("{}") };
        using var answer = await master.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(allow.Split(", "), answer.Content.Headers.Allow.Order());
    }

    private static async Task<(HttpStatusCode Status, string Text)> SendAsync(
        MasterUnderTest master, HttpMethod method, string path, string? body = null, string media = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, media);
        using var answer = await master.Client.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }
}
