using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Prometheus;

namespace LifecycleManager.Security.Tests;

/// <summary>What is open ends when what has let it in does.</summary>
public sealed class OpenCallsTests : IAsyncLifetime
{
    private const string Known = """
        {"credentials": [
          {"principal": "viewer", "secret": "see", "permissions": ["view"]},
          {"principal": "team", "secret": "ours", "groups": {"/ours/**": ["view"]}},
          {"principal": "guest", "secret": "soon", "permissions": ["view"], "until": "2027-01-31T00:00:00Z"}
        ]}
        """;

    private static readonly DateTimeOffset Start = new(2027, 1, 30, 0, 0, 0, TimeSpan.Zero);

    private readonly HttpClient _client = new();
    private readonly FakeTimeProvider _time = new(Start);
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly string _file = Path.GetTempFileName();
    private Principals _principals = null!;
    private WebApplication _app = null!;

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(_file, Known);
        _principals = Principals.OfFile(_file);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        _app = builder.Build();
        _app.UseRouting();
        _app.UseAccessControl(new AccessControl(_principals, "test", _registry, _time));
        _app.MapGet("/stream", async context =>
        {
            AccessControl.ScopeOf(context);
            await context.Response.WriteAsync("begun");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }).AsksByApp();
        await _app.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
        File.Delete(_file);
    }

    [Fact]
    public async Task A_stream_ends_when_its_secret_does_and_others_stay()
    {
        var (guest, viewer) = (await OpenAsync("guest:soon"), await OpenAsync("viewer:see"));
        _time.Advance(TimeSpan.FromHours(23));
        Assert.Equal((false, false), (guest.IsCompleted, viewer.IsCompleted));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.True(await guest);
        Assert.False(viewer.IsCompleted);
        Assert.Equal(1, await WithdrawnAsync());
    }

    [Theory]
    [InlineData("\"secret\": \"see\"", "\"secret\": \"other\"")]
    [InlineData("\"principal\": \"viewer\"", "\"principal\": \"another\"")]
    [InlineData("\"see\", \"permissions\": [\"view\"]", "\"see\", \"permissions\": [\"exec\"]")]
    [InlineData("\"see\", \"permissions\": [\"view\"]", "\"see\", \"permissions\": [\"view\", \"operate\"]")]
    [InlineData("\"permissions\": [\"view\"]}", "\"permissions\": [\"view\"], \"until\": \"2027-01-29T00:00:00Z\"}")]
    public async Task A_stream_ends_when_its_caller_may_not_or_may_something_else(string before, string after)
    {
        var (team, viewer) = (await OpenAsync("team:ours"), await OpenAsync("viewer:see"));
        await ChangeAsync(before, after);
        Assert.True(await viewer);
        Assert.False(team.IsCompleted);
    }

    [Theory]
    [InlineData("\"/ours/**\": [\"view\"]", "\"/ours/a/**\": [\"view\"]")]
    [InlineData("\"/ours/**\": [\"view\"]", "\"/ours/**\": [\"view\", \"logs\"]")]
    public async Task A_stream_of_some_apps_ends_when_they_are_others(string before, string after)
    {
        var (team, viewer) = (await OpenAsync("team:ours"), await OpenAsync("viewer:see"));
        await ChangeAsync(before, after);
        Assert.True(await team);
        Assert.False(viewer.IsCompleted);
    }

    [Theory]
    [InlineData("\"soon\"", "\"later\"")]
    [InlineData("{\"principal\": \"viewer\"", "{\"principal\": \"viewer\", \"secret\": \"new\"}, {\"principal\": \"viewer\"")]
    [InlineData("\n]}", "\n], \"schedulers\": [\"x\"]}")]
    [InlineData("{\"credentials\"", "{\"credentials")]
    public async Task A_stream_outlives_changes_that_do_not_concern_it(string before, string after)
    {
        var (team, viewer) = (await OpenAsync("team:ours"), await OpenAsync("viewer:see"));
        await ChangeAsync(before, after);
        await ChangeAsync(after, before);
        Assert.Equal((false, false, 0), (team.IsCompleted, viewer.IsCompleted, await WithdrawnAsync()));

        // What the looks before have seen is no longer the measure.
        await ChangeAsync("\"viewer\"", "\"another\"");
        Assert.True(await viewer);
        Assert.False(team.IsCompleted);
    }

    [Fact]
    public async Task What_is_over_is_not_ended_and_the_connections_next_call_neither()
    {
        using (var brief = await _client.SendAsync(Request("viewer:see", "/nowhere"), TestContext.Current.CancellationToken))
            Assert.Equal(HttpStatusCode.NotFound, brief.StatusCode);
        var team = await OpenAsync("team:ours");
        await ChangeAsync("\"viewer\"", "\"another\"");
        Assert.Equal((false, 0), (team.IsCompleted, await WithdrawnAsync()));
    }

    private async Task ChangeAsync(string before, string after)
    {
        var text = await File.ReadAllTextAsync(_file);
        Assert.Contains(before, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(_file, text.Replace(before, after, StringComparison.Ordinal));
        _principals.File!.Look();
        _time.Advance(OpenCalls.Interval);
    }

    // Opens a stream; what comes ends with it, and tells whether it was cut off.
    private async Task<Task<bool>> OpenAsync(string who)
    {
        var answer = await _client.SendAsync(
            Request(who, "/stream"), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
        var body = await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        await body.ReadExactlyAsync(new byte[5], TestContext.Current.CancellationToken);
        return RestAsync(answer, body);
    }

    private static async Task<bool> RestAsync(HttpResponseMessage answer, Stream body)
    {
        using (answer)
        {
            try
            {
                await body.CopyToAsync(Stream.Null);
                return false;
            }
            catch (IOException)
            {
                return true;
            }
        }
    }

    private HttpRequestMessage Request(string who, string path) => new(HttpMethod.Get, new Uri(new Uri(_app.Urls.Single()), path))
    {
        Headers = { Authorization = new Credential(who.Split(':')[0], who.Split(':')[1]).Header },
    };

    private Task<double> WithdrawnAsync() => RefusedCalls.CountAsync(_registry, "withdrawn");
}
