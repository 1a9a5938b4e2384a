using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.DependencyInjection;

namespace LifecycleManager.Benchmarks.Pages;

/// <summary>
/// A page of the console as the server sees it: it speaks as Blazor's script does, but draws nothing, so that hundreds of them
/// take little of the machine that is measured.
/// </summary>
internal sealed partial class OpenPage : IAsyncDisposable
{
    private readonly HubConnection _hub;
    private readonly ConcurrentDictionary<string, (byte[] Text, TaskCompletionSource<long> Seen)> _awaited = [];
    private readonly TaskCompletionSource _drawn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _batches, _objects;

    private OpenPage(HubConnection hub) => _hub = hub;

    /// <summary>Opens a page, until it is live.</summary>
    /// <exception cref="InvalidOperationException">The server has ended it, or it is no page of the console.</exception>
    public static async Task<OpenPage> OpenAsync(Uri address)
    {
        var cookies = new CookieContainer();
        using var handler = new SocketsHttpHandler { CookieContainer = cookies };
        using var http = new HttpClient(handler);
        var html = await http.GetStringAsync(address);
        var state = State().Match(html) is { Success: true } found ? found.Groups[1].Value : "";
        var added = Marker().Matches(html).Select(match => JsonDocument.Parse(match.Groups[1].Value).RootElement)
            .Where(marker => marker.TryGetProperty("descriptor", out _))
            .Select((marker, i) => (object)new { type = "add", ssrComponentId = i + 1, marker }).ToList();
        if (added.Count == 0) throw new InvalidOperationException($"{address} has nothing that is live");

        var builder = new HubConnectionBuilder().WithUrl(new Uri(address, "/_blazor"), options =>
        {
            options.Cookies = cookies;
            options.Headers["Origin"] = address.GetLeftPart(UriPartial.Authority);
            options.Transports = HttpTransportType.WebSockets;
        });
        builder.Services.AddSingleton<IHubProtocol>(new BlazorPack());
        var page = new OpenPage(builder.Build());
        page.Answer();
        await page._hub.StartAsync();
        await page._hub.InvokeAsync<string>("StartCircuit", new Uri(address, "/").ToString(), address.ToString(), "[]", state);
        var components = JsonSerializer.Serialize(new { batchId = 1, operations = added });
        await page._hub.SendAsync("UpdateRootComponents", components, state);
        await page._drawn.Task.WaitAsync(TimeSpan.FromSeconds(30));
        return page;
    }

    /// <summary>How many times it was drawn.</summary>
    public int Batches => Volatile.Read(ref _batches);

    /// <summary>When a text is sent to the page, as <see cref="Stopwatch.GetTimestamp"/> has it.</summary>
    public Task<long> SeesAsync(string text)
    {
        var seen = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        _awaited[text] = (Encoding.UTF8.GetBytes(text), seen);
        return seen.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    private void Answer()
    {
        _hub.On<long, byte[]>("JS.RenderBatch", async (batch, content) =>
        {
            var now = Stopwatch.GetTimestamp();
            Interlocked.Increment(ref _batches);
            foreach (var (text, (bytes, seen)) in _awaited)
            {
                if (content.AsSpan().IndexOf(bytes) < 0) continue;
                _awaited.TryRemove(text, out _);
                seen.TrySetResult(now);
            }

            await _hub.SendAsync("OnRenderCompleted", batch, null);
            _drawn.TrySetResult();
        });
        _hub.On<string>("JS.Error", problem => _drawn.TrySetException(new InvalidOperationException(problem)));
        _hub.On<string>("JS.EndUpdateRootComponents", _ => { });
        _hub.On<long, string, string, int, long, int>("JS.BeginInvokeJS", async (call, what, _, kind, _, _) =>
        {
            // A reference to an object of the script where one is asked for; of values none is known.
            if (call == 0) return;
            var result = kind == 1
                ? new Dictionary<string, int> { ["__jsObjectId"] = Interlocked.Increment(ref _objects) } : (object?)null;
            await _hub.SendAsync("EndInvokeJSFromDotNet", call, true, JsonSerializer.Serialize(new[] { call, true, result }));
        });
    }

    [GeneratedRegex("<!--Blazor:({.*?})-->", RegexOptions.Singleline)]
    private static partial Regex Marker();

    [GeneratedRegex("<!--Blazor-Server-Component-State:(.*?)-->", RegexOptions.Singleline)]
    private static partial Regex State();
}
