using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;

namespace BrownField.Tests;

/// <summary>A service on a free port of the loopback interface.</summary>
internal sealed class Service : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Service(WebApplication app)
    {
        _app = app;
        Url = new Uri(app.Urls.Single());
        Http = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(10) };
    }

    public Uri Url { get; }

    public HttpClient Http { get; }

    public static async Task<Service> StartAsync(BrownFieldOptions options, TimeProvider? time = null)
    {
        var app = BrownFieldApp.Build(options with { Port = 0 }, time ?? TimeProvider.System);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new Service(app);
    }

    public static Task<Service> SearchAsync(BootShape boot, TimeProvider? time = null, MetricsFault fault = MetricsFault.None) =>
        StartAsync(new BrownFieldOptions { Service = ServiceKind.Search, Boot = boot, Fault = fault, Drain = TimeSpan.Zero },
            time);

    public async Task<(HttpStatusCode Status, JsonNode Body)> GetAsync(string path)
    {
        using var response = await Http.GetAsync(path, TestContext.Current.CancellationToken);
        return (response.StatusCode,
            JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!);
    }

    public async Task<HttpStatusCode> StatusAsync(string path)
    {
        using var response = await Http.GetAsync(path, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }
}
