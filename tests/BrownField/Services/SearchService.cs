using System.Globalization;
using System.Text.Json;

namespace BrownField.Services;

/// <summary>What BrownField's clients post to <c>/search/get</c>.</summary>
public sealed record SearchQuery(string? Origin, string? Destination, string? FlightDate);

/// <summary>Finds flights and their fares.</summary>
internal static class SearchService
{
    private const int MostFlights = 50;

    public static void Map(WebApplication app)
    {
        var catalogue = new FlightCatalogue();
        app.MapGet("/search", (string? origin, string? destination, string? date, string? q) =>
            Search(catalogue, origin, destination, date, q));
        app.MapPost("/search/get", async (HttpContext context) =>
        {
            try
            {
                var query = await context.Request.ReadFromJsonAsync(BrownFieldJson.Default.SearchQuery, context.RequestAborted);
                return query is null ? Bad("a query is needed")
                    : Search(catalogue, query.Origin, query.Destination, query.FlightDate, null);
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                return Bad("""the body must be JSON such as {"origin":"NYC","destination":"SFO","flightDate":"2026-01-22"}""");
            }
        });
    }

    private static IResult Search(FlightCatalogue catalogue, string? origin, string? destination, string? date, string? text)
    {
        if (string.IsNullOrEmpty(origin) && string.IsNullOrEmpty(destination) && string.IsNullOrEmpty(text))
            return Bad("origin, destination or q is needed, such as /search?origin=NYC&destination=SFO&date=2026-01-22");
        var day = new DateOnly(2026, 1, 22);
        if (!string.IsNullOrEmpty(date) && !DateOnly.TryParseExact(date, ["yyyy-MM-dd", "dd-MMM-yy"],
            CultureInfo.InvariantCulture, DateTimeStyles.None, out day))
            return Bad($"date {date}: a day such as 2026-01-22 is needed");
        return Results.Json(catalogue.Find(origin, destination, day, text, MostFlights), BrownFieldJson.Default.FlightArray);
    }

    private static IResult Bad(string message) =>
        Results.Json(new Problem(400, message), BrownFieldJson.Default.Problem, statusCode: 400);
}
