using System.IO.Compression;
using System.Net;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Master;
using Microsoft.Extensions.Logging.Abstractions;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>What every role shows at <c>/metrics</c>, and in which form.</summary>
public sealed class RoleMetricsTests
{
    [Fact]
    public async Task A_role_shows_its_build_and_its_process()
    {
        var (host, http) = await StartAsync();
        await using var _ = host;
        var text = await http.GetStringAsync("/metrics");

        Assert.Matches(
            @"(?m)^lcm_build_info\{role=""master"",version=""\d+\.\d+[^""]*"",revision=""[0-9a-f]*"","
            + @"runtime=""\.NET [^""]+""\} 1$",
            text);
        foreach (var name in new[] { "process_cpu_seconds_total", "process_start_time_seconds", "process_working_set_bytes",
            "process_virtual_memory_bytes", "process_open_handles" })
        {
            Assert.Contains($"\n{name} ", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("application/openmetrics-text; version=1.0.0, text/plain;q=0.5", "application/openmetrics-text")]
    [InlineData("text/plain;version=0.0.4", "text/plain")]
    [InlineData("*/*", "text/plain")]
    public async Task The_form_is_the_one_that_is_asked_for(string accept, string type)
    {
        var (host, http) = await StartAsync();
        await using var _ = host;
        http.DefaultRequestHeaders.TryAddWithoutValidation("Accept", accept);
        using var answer = await http.GetAsync("/metrics");

        Assert.Equal(type, answer.Content.Headers.ContentType!.MediaType);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(type != "text/plain", text.EndsWith("# EOF\n", StringComparison.Ordinal));
        Assert.Contains("lcm_master_leader ", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_are_compressed_for_whoever_takes_it_and_nothing_else_is()
    {
        var (host, http) = await StartAsync();
        await using var _ = host;
        Assert.Empty((await http.GetAsync("/metrics")).Content.Headers.ContentEncoding);
        http.DefaultRequestHeaders.TryAddWithoutValidation("Accept-Encoding", "gzip");
        using var answer = await http.GetAsync("/metrics");

        Assert.Equal(["gzip"], answer.Content.Headers.ContentEncoding);
        using var text = new StreamReader(new GZipStream(await answer.Content.ReadAsStreamAsync(), CompressionMode.Decompress));
        Assert.Contains("lcm_build_info", await text.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Empty((await http.GetAsync("/ping")).Content.Headers.ContentEncoding);
    }

    private static async Task<(RoleHost Host, HttpClient Http)> StartAsync()
    {
        var listen = new IPEndPoint(IPAddress.Loopback, RoleSettings.PortOrFree(IPAddress.Loopback, 0));
        var role = MasterCommand.Role(listen, "--port", new MasterOptions { Address = RoleSettings.AddressOf(listen) }) with
        {
            State = "memory:",
        };
        return (await RoleHost.StartAsync(role, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None),
            new HttpClient { BaseAddress = RoleSettings.AddressOf(listen) });
    }
}
