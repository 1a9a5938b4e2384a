using System.Net;
using System.Text;
using System.Text.Json;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Tests.Simulation;

/// <summary>A framework's events as plain JSON: without this stack's types.</summary>
internal sealed class RawEvents(HttpResponseMessage answer, Stream stream) : IAsyncDisposable
{
    private readonly IAsyncEnumerator<JsonElement> _records = RecordIo.ReadAsync(stream, ElementJson.Default.JsonElement)
        .GetAsyncEnumerator();

    public string StreamId { get; } = answer.Headers.GetValues("Mesos-Stream-Id").Single();

    /// <summary>The next event.</summary>
    public async Task<JsonElement> NextRecordAsync()
    {
        Assert.True(await _records.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30)), "the stream has ended");
        return _records.Current;
    }

    /// <summary>Makes a call that opens a stream.</summary>
    public static async Task<RawEvents> SubscribeAsync(MasterUnderTest master, string call)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/scheduler")
        {
            Content = new StringContent(call, Encoding.UTF8, "application/json"),
        };
        var answer = await master.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return new RawEvents(answer, await answer.Content.ReadAsStreamAsync());
    }

    /// <summary>The next event that is no heartbeat, and what is under its name.</summary>
    public async Task<JsonElement> NextAsync(string type)
    {
        JsonElement record;
        do record = await NextRecordAsync();
        while (record.GetProperty("type").GetString() == "HEARTBEAT");
        Assert.Equal(type, record.GetProperty("type").GetString());
        return record.GetProperty(type.ToLowerInvariant());
    }

    public async ValueTask DisposeAsync()
    {
        answer.Dispose();
        await stream.DisposeAsync();
    }
}
