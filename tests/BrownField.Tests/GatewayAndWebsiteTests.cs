using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using LifecycleManager.Testing;

namespace BrownField.Tests;

public sealed class GatewayAndWebsiteTests
{
    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_gateway_passes_searches_on_in_turn_and_over_an_instance_that_is_gone()
    {
        await using var one = await Service.SearchAsync(BootShape.One);
        await using var other = await Service.SearchAsync(BootShape.One);
        await using var gateway = await Gateway(one.Url, new Uri($"http://127.0.0.1:{Server.FreePort()}/"), other.Url);

        for (var i = 0; i < 6; i++) Assert.Equal(HttpStatusCode.OK, await gateway.StatusAsync("/api/search?origin=NYC"));
        using var posted = await gateway.Http.PostAsync("/api/search/get",
            new StringContent("""{"origin":"NYC"}""", Encoding.UTF8, "application/json"), Stop);

        Assert.Equal(HttpStatusCode.OK, posted.StatusCode);
        Assert.NotEmpty(JsonNode.Parse(await posted.Content.ReadAsStringAsync(Stop))!.AsArray());
        Assert.True(await Served(one) >= 2);
        Assert.True(await Served(other) >= 2);
    }

    [Fact]
    public async Task The_gateway_gives_the_search_s_own_error_on()
    {
        await using var search = await Service.SearchAsync(BootShape.One);
        await using var gateway = await Gateway(search.Url);

        var (status, body) = await gateway.GetAsync("/api/search?origin=NYC&date=x");

        Assert.Equal((HttpStatusCode.BadRequest, "date x: a day such as 2026-01-22 is needed"),
            (status, (string)body["message"]!));
    }

    [Fact]
    public async Task No_search_instance_is_a_503_that_names_those_tried()
    {
        var gone = new Uri($"http://127.0.0.1:{Server.FreePort()}/");
        await using var none = await Gateway();
        await using var refused = await Gateway(gone);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "no search instance is configured; --search-url names them"),
            await Problem(none));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, $"no search instance takes connections: {gone}"),
            await Problem(refused));
    }

    [Fact]
    public async Task A_broken_answer_is_a_502_and_none_in_time_a_504()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = new Uri($"http://{listener.LocalEndpoint}/");
        await using var gateway = await Gateway(TimeSpan.FromMilliseconds(300), url);

        var broken = Problem(gateway);
        using (var connection = await listener.AcceptTcpClientAsync(Stop))
            await connection.GetStream().WriteAsync("no http at all\r\n\r\n"u8.ToArray(), Stop);
        Assert.Equal(HttpStatusCode.BadGateway, (await broken).Status);

        Assert.Equal((HttpStatusCode.GatewayTimeout, $"search at {url} did not answer in 0.3 s"), await Problem(gateway));
    }

    [Fact]
    public async Task The_website_shows_what_the_gateway_found_and_encodes_what_it_was_given()
    {
        await using var search = await Service.SearchAsync(BootShape.One);
        await using var gateway = await Gateway(search.Url);
        await using var website = await Website(gateway.Url);

        var page = await website.Http.GetStringAsync("/?origin=NYC&destination=SFO", Stop);
        var flight = (await search.GetAsync("/search?origin=NYC&destination=SFO")).Body.AsArray()[0]!;

        Assert.Contains($"<td>{flight["flightNumber"]}<td>NYC<td>SFO<td>", page, StringComparison.Ordinal);
        var hostile = await website.Http.GetStringAsync("/?origin=%22%3E%3Cscript%3E", Stop);
        Assert.DoesNotContain("<script>", hostile, StringComparison.Ordinal);
        Assert.Contains("No flight found.", hostile, StringComparison.Ordinal);
        Assert.DoesNotContain("<table>", await website.Http.GetStringAsync("/", Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_website_says_that_the_gateway_cannot_be_reached()
    {
        await using var website = await Website(new Uri($"http://127.0.0.1:{Server.FreePort()}/"));

        using var response = await website.Http.GetAsync("/?origin=NYC", Stop);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Contains("cannot be reached", await response.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
    }

    private static Task<Service> Gateway(params Uri[] search) => Gateway(TimeSpan.FromSeconds(5), search);

    private static Task<Service> Gateway(TimeSpan timeout, params Uri[] search) => Service.StartAsync(
        new BrownFieldOptions
        {
            Service = ServiceKind.SearchApiGateway,
            SearchUrls = search,
            Timeout = timeout,
            Drain = TimeSpan.Zero
        });

    private static Task<Service> Website(Uri gateway) =>
        Service.StartAsync(new BrownFieldOptions { Service = ServiceKind.Website, GatewayUrl = gateway, Drain = TimeSpan.Zero });

    private static async Task<(HttpStatusCode Status, string Message)> Problem(Service gateway)
    {
        var (status, body) = await gateway.GetAsync("/api/search?origin=NYC");
        return (status, (string)body["message"]!);
    }

    private static async Task<double> Served(Service search) =>
        (double)(await search.GetAsync("/admin/metrics")).Body["gauge.servo.tpm"]!;
}
