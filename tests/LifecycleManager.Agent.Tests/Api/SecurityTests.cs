using System.Net;
using System.Text;
using LifecycleManager.Agent.Tests.Fakes;
using LifecycleManager.Security;

namespace LifecycleManager.Agent.Tests.Api;

public sealed class SecurityTests
{
    private static readonly Principals Some = Principals.Parse("""
        {"credentials": [
          {"principal": "viewer", "secret": "v", "permissions": ["view"]},
          {"principal": "marathon", "secret": "m", "roles": ["*"]}
        ]}
        """);

    [Theory]
    [InlineData("/state")]
    [InlineData("/state.json")]
    [InlineData("/containers")]
    [InlineData("/monitor/statistics")]
    [InlineData("/files/browse?path=/")]
    [InlineData("/files/read?path=/x")]
    [InlineData("/files/download?path=/x")]
    [InlineData("/files/tail?path=/x")]
    [InlineData("/metrics")]
    [InlineData("POST /api/v1")]
    [InlineData("/nothing")]
    public async Task Whoever_may_view_sees_the_surface_and_nobody_else(string path)
    {
        await using var master = await FakeMaster.StartAsync();
        using var directory = new TemporaryDirectory();
        await using var agent = await TestAgent.StartAsync(TestAgent.Options(master, directory) with { Principals = Some });
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(null));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(new Credential("viewer", "wrong")));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(new Credential("marathon", "m")));
        Assert.DoesNotContain("principal", (await AskAsync(new Credential("viewer", "v"))).Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await agent.Http.GetAsync("/health")).StatusCode);

        async Task<HttpStatusCode> StatusAsync(Credential? credential)
        {
            var (status, text) = await AskAsync(credential);
            Assert.Contains("principal", text, StringComparison.Ordinal);
            return status;
        }

        async Task<(HttpStatusCode Status, string Text)> AskAsync(Credential? credential)
        {
            using var request = path.StartsWith("POST ", StringComparison.Ordinal)
                ? new HttpRequestMessage(HttpMethod.Post, path[5..])
                {
                    Content =
                    new StringContent("""{"type": "GET_STATE"}""", Encoding.UTF8, "application/json")
                }
                : new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Authorization = credential?.Header;
            using var answer = await agent.Http.SendAsync(request);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task The_agent_says_who_it_is_with_each_call_and_never_in_its_log()
    {
        await using var master = await FakeMaster.StartAsync();
        master.Authorization = new Credential("node", "hush-hush").Header.ToString();
        using var directory = new TemporaryDirectory();
        var options = TestAgent.Options(master, directory);
        await using (var nobody = await TestAgent.StartAsync(options))
        {
            await Eventually(() => nobody.Log.Lines.Any(line => line.Contains("401", StringComparison.Ordinal)));
            Assert.Null(nobody.Service.Master);
        }

        await using var agent = await TestAgent.StartAsync(options with { Credential = new Credential("node", "hush-hush") });
        await Eventually(() => agent.Service.Master is not null);
        Assert.DoesNotContain(agent.Log.Lines, line => line.Contains("hush", StringComparison.Ordinal));
        Assert.DoesNotContain(agent.Log.Lines, line =>
            line.Contains(master.Authorization.Split(' ')[1], StringComparison.Ordinal));
    }

    private static async Task Eventually(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(FakeMaster.Patience);
        while (!condition()) await Task.Delay(20, limit.Token);
    }
}
