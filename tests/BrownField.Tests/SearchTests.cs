using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace BrownField.Tests;

public sealed class SearchTests
{
    [Fact]
    public async Task Finds_flights_of_a_route_on_a_day_cheapest_first()
    {
        await using var search = await Service.SearchAsync(BootShape.One);

        var (status, body) = await search.GetAsync("/search?origin=nyc&destination=SFO&date=2026-01-23");

        Assert.Equal(HttpStatusCode.OK, status);
        var flights = body.AsArray();
        Assert.NotEmpty(flights);
        Assert.All(flights, flight => Assert.Equal(("NYC", "SFO", "2026-01-23"),
            ((string)flight!["origin"]!, (string)flight["destination"]!, (string)flight["flightDate"]!)));
        var fares = flights.Select(flight => (decimal)flight!["fares"]!["fare"]!).ToArray();
        Assert.Equal(fares.Order(), fares);
    }

    [Fact]
    public async Task Every_instance_finds_the_same_and_the_posted_form_too()
    {
        await using var one = await Service.SearchAsync(BootShape.One);
        await using var other = await Service.SearchAsync(BootShape.Two);

        var (_, got) = await one.GetAsync("/search?origin=NYC&destination=SFO&date=2016-01-22");
        using var posted = await other.Http.PostAsync("/search/get",
            Json("""{"origin":"NYC","destination":"SFO","flightDate":"22-JAN-16"}"""), TestContext.Current.CancellationToken);

        Assert.True(JsonNode.DeepEquals(got,
            JsonNode.Parse(await posted.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))));
    }

    [Fact]
    public async Task Words_find_cities_and_all_of_them_must_match()
    {
        await using var search = await Service.SearchAsync(BootShape.One);

        var (_, body) = await search.GetAsync("/search?q=london+singapore");

        Assert.NotEmpty(body.AsArray());
        Assert.All(body.AsArray(), flight =>
            Assert.Equal(["LON", "SIN"], new[] { (string)flight!["origin"]!, (string)flight["destination"]! }.Order()));
        Assert.Empty((await search.GetAsync("/search?q=london+atlantis")).Body.AsArray());
    }

    [Theory]
    [InlineData("/search")]
    [InlineData("/search?origin=NYC&date=tomorrow")]
    public async Task A_bad_query_is_refused_with_its_reason(string path)
    {
        await using var search = await Service.SearchAsync(BootShape.One);

        var (status, body) = await search.GetAsync(path);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("is needed", (string)body["message"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("")]
    public async Task A_bad_body_is_refused(string body)
    {
        await using var search = await Service.SearchAsync(BootShape.One);

        using var response = await search.Http.PostAsync("/search/get", Json(body), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}
