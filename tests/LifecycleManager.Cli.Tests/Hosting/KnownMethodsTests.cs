using System.Net;
using LifecycleManager.Security;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>Words that are no methods of HTTP.</summary>
public sealed class KnownMethodsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-methods-").FullName;

    public static TheoryData<string> Roles => [.. RunningRole.Names];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task A_word_that_is_no_method_is_refused_and_leaves_no_series_behind(string role)
    {
        await using var running = await RunningRole.StartAsync(role, new AllowedHosts(), _directory, NullLoggerFactory.Instance);
        foreach (var path in (string[])["/metrics", "/v2/apps", "/nothing"])
        {
            using var refused = await running.SendAsync("MADEUP", path, running.Address.Authority, null);
            Assert.Equal(HttpStatusCode.NotImplemented, refused.StatusCode);
            Assert.Contains("none of CONNECT, DELETE, GET", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        // In small letters it is the method that it is, and counted as that.
        using var small = await running.SendAsync("options", "/nothing", running.Address.Authority, null);
        Assert.NotEqual(HttpStatusCode.NotImplemented, small.StatusCode);
        using var metrics = await running.SendAsync("GET", "/metrics", running.Address.Authority, null);
        var text = await metrics.Content.ReadAsStringAsync();
        Assert.DoesNotContain("MADEUP", text, StringComparison.Ordinal);
        Assert.DoesNotContain("method=\"options\"", text, StringComparison.Ordinal);
        Assert.Contains("method=\"OPTIONS\"", text, StringComparison.Ordinal);
    }
}
