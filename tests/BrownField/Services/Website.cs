using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace BrownField.Services;

/// <summary>The search form and its results, rendered here: the page works without a script.</summary>
internal static class Website
{
    public static void Map(WebApplication app, BrownFieldOptions options)
    {
        var client = ServiceClient.Create(options.Timeout);
        app.Lifetime.ApplicationStopped.Register(client.Dispose);
        app.MapGet("/", async (string? origin, string? destination, string? date, CancellationToken stop) =>
        {
            var asked = !string.IsNullOrEmpty(origin) || !string.IsNullOrEmpty(destination);
            var (status, results) = !asked ? (200, "")
                : options.GatewayUrl is null ? (503, "<p class=error>No gateway is configured; --gateway-url names it.</p>")
                : await Ask(client, options.GatewayUrl, origin, destination, date, stop);
            return Results.Content(Page(origin, destination, date, results), "text/html; charset=utf-8", Encoding.UTF8, status);
        });
    }

    private static async Task<(int Status, string Html)> Ask(
        HttpClient client, Uri gateway, string? origin, string? destination, string? date, CancellationToken stop)
    {
        var query = string.Join('&', new (string Name, string? Value)[] { ("origin", origin), ("destination", destination),
            ("date", date) }
            .Where(pair => !string.IsNullOrEmpty(pair.Value)).Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value!)}"));
        try
        {
            using var response = await client.GetAsync(new Uri(gateway, "api/search?" + query), stop);
            if (response.IsSuccessStatusCode)
                return (200, Table(await response.Content.ReadFromJsonAsync(BrownFieldJson.Default.FlightArray, stop) ?? []));
            var problem = await response.Content.ReadFromJsonAsync(BrownFieldJson.Default.Problem, stop);
            return ((int)response.StatusCode, Error(problem?.Message ?? $"The gateway answered {(int)response.StatusCode}."));
        }
        catch (HttpRequestException e)
        {
            return (503, Error($"The gateway at {gateway} cannot be reached: {e.Message}"));
        }
        catch (JsonException)
        {
            return (502, Error($"The gateway at {gateway} gave an answer that is none."));
        }
        catch (TaskCanceledException) when (!stop.IsCancellationRequested)
        {
            return (504, Error($"The gateway at {gateway} did not answer in {client.Timeout.TotalSeconds:0.###} s."));
        }
    }

    private static string Error(string message) => $"<p class=error role=alert>{Encode(message)}</p>";

    private static string Table(Flight[] flights)
    {
        if (flights.Length == 0) return "<p role=status>No flight found.</p>";
        var rows = string.Concat(flights.Select(flight => string.Create(CultureInfo.InvariantCulture,
            $"<tr><td>{Encode(flight.FlightNumber)}<td>{Encode(flight.Origin)}<td>{Encode(flight.Destination)}<td>{Encode(flight.FlightDate)} {Encode(flight.Departure)}<td>{flight.Fares.Fare:0.00} {Encode(flight.Fares.Currency)}<td>{flight.Inventory.Count}\n")));
        return $"<table><thead><tr><th>Flight<th>From<th>To<th>Departs<th>Fare<th>Seats<tbody>\n{rows}</table>";
    }

    private static string Page(string? origin, string? destination, string? date, string results) => $$"""
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>BrownField Airline</title>
        <style>
          body { font: 1rem/1.5 system-ui, sans-serif; max-width: 45rem; margin: 2rem auto; padding: 0 1rem }
          form { display: flex; flex-wrap: wrap; gap: 1rem; align-items: end }
          label { display: grid } table { width: 100%; border-collapse: collapse; margin-top: 1rem }
          th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid #ccc } .error { color: #a00 }
        </style>
        <h1>BrownField Airline</h1>
        <form>
          <label>From <input name="origin" maxlength="3" placeholder="NYC" value="{{Encode(origin)}}"></label>
          <label>To <input name="destination" maxlength="3" placeholder="SFO" value="{{Encode(destination)}}"></label>
          <label>On <input name="date" type="date" value="{{Encode(date)}}"></label>
          <button>Search flights</button>
        </form>
        {{results}}
        </html>
        """;

    private static string Encode(string? text) => WebUtility.HtmlEncode(text ?? "");
}
