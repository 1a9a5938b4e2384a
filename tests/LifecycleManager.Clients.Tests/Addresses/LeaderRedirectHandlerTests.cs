using System.Net;
using System.Net.Http.Headers;
using LifecycleManager.Clients.Addresses;

namespace LifecycleManager.Clients.Tests.Addresses;

public sealed class LeaderRedirectHandlerTests
{
    [Theory]
    [InlineData("//leader:2/other/path", HttpStatusCode.TemporaryRedirect)]
    [InlineData("//leader:2", HttpStatusCode.PermanentRedirect)]
    [InlineData("http://leader:2/", HttpStatusCode.TemporaryRedirect)]
    public async Task The_same_call_goes_to_the_leader_with_its_credentials(string location, HttpStatusCode status)
    {
        var servers = new FakeServers(request => request.RequestUri!.Host == "leader"
            ? new HttpResponseMessage(HttpStatusCode.OK) : FakeServers.Redirect(location, status));

        using var answer = await SendAsync(servers, "http://standby:1/v2/events?event_type=a");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        const string Call = "/v2/events?event_type=a Basic x call";
        Assert.Equal([$"http://standby:1{Call}", $"http://leader:2{Call}"], servers.Calls);
        Assert.Equal("leader", answer.RequestMessage!.RequestUri!.Host);
    }

    [Theory]
    [InlineData("https://standby:1/", "http://leader:2/", "redirected to http://leader:2/, which is not encrypted")]
    [InlineData("https://standby:1/", "ftp://leader:2/", "redirected to ftp://leader:2/, which is not HTTP")]
    [InlineData("http://standby:1/", null, "redirected without an address")]
    public async Task A_redirect_that_leads_nowhere_safe_is_not_followed(string asked, string? location, string message)
    {
        var servers = new FakeServers(_ => FakeServers.Redirect(location));

        Assert.Equal(message, (await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(servers, asked))).Message);
        Assert.Single(servers.Calls);
    }

    [Fact]
    public async Task Five_redirects_are_followed_and_a_sixth_is_a_failure()
    {
        var redirects = 5;
        var servers = new FakeServers(request => int.Parse(request.RequestUri!.Host[1..]) is var hop && hop < redirects
            ? FakeServers.Redirect($"//h{hop + 1}:1") : new HttpResponseMessage(HttpStatusCode.OK));
        using (var answer = await SendAsync(servers, "http://h0:1/")) Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        redirects = 6;
        Assert.Equal("redirected more than 5 times",
            (await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync(servers, "http://h0:1/"))).Message);
    }

    private static async Task<HttpResponseMessage> SendAsync(FakeServers servers, string url)
    {
        using var http = new HttpMessageInvoker(new LeaderRedirectHandler { InnerHandler = servers });
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent("call") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", "x");
        return await http.SendAsync(request, CancellationToken.None);
    }
}
