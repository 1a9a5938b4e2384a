using LifecycleManager.Clients.Addresses;
using LifecycleManager.Console.Callers;
using LifecycleManager.Console.Clients;
using LifecycleManager.Security;

namespace LifecycleManager.Console.Tests.Clients;

/// <summary>The master is asked as who looks at the page, and nothing is changed in anybody else's name.</summary>
public sealed class ClusterCallsTests
{
    private static readonly Credential Own = new("console", "c");

    [Fact]
    public async Task Who_says_who_he_is_reads_and_changes_as_himself()
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        using var http = new RoleHttp(null);
        var master = http.Cluster(new PageCaller("Basic YW5uOmE=", AppScope.All), new AddressList(console.Url), Own);

        Assert.Equal(2, (await master.AgentsAsync(TestContext.Current.CancellationToken)).Count);
        Assert.Null(await master.ResumeAsync("a-1"));
        Assert.Equal(("Basic YW5uOmE=", "Basic YW5uOmE="), (console.Callers["/slaves"], console.Callers["/api/v1"]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task For_who_does_not_the_console_reads_as_itself_and_changes_nothing_in_its_own_name(bool hasCertificate)
    {
        await using var console = await ConsoleUnderTest.StartAsync();
        console.ShowAll();
        using var http = new RoleHttp(null);
        var master = http.Cluster(new PageCaller(null, AppScope.All, hasCertificate), new AddressList(console.Url), Own);

        await master.AgentsAsync(TestContext.Current.CancellationToken);
        var refusal = await master.DrainAsync("a-1", null);

        Assert.Equal(Own.Header.ToString(), console.Callers["/slaves"]);
        if (hasCertificate) Assert.Equal((CallerHandler.NotBySecret, 0), (refusal, console.Changes.Count));
        else Assert.Equal("", console.Callers["/api/v1"]);
    }
}
