using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Clients.Masters;

/// <summary>A stream of events from the leading master, and the calls that belong to it.</summary>
/// <typeparam name="TCall">What is sent.</typeparam>
/// <typeparam name="TEvent">What comes.</typeparam>
public sealed class MasterStream<TCall, TEvent> : IDisposable
{
    private readonly MasterClient<TCall, TEvent> _client;
    private readonly string _id;
    private readonly HttpResponseMessage _answer;
    private readonly JsonTypeInfo<TEvent> _eventJson;

    internal MasterStream(
        MasterClient<TCall, TEvent> client, Uri master, string id, HttpResponseMessage answer, JsonTypeInfo<TEvent> eventJson) =>
        (_client, Master, _id, _answer, _eventJson) = (client, master, id, answer, eventJson);

    /// <summary>The master that has opened it, after redirects.</summary>
    public Uri Master { get; }

    /// <summary>The events until the master ends the stream; to be read once.</summary>
    /// <exception cref="IOException">The connection is lost.</exception>
    /// <exception cref="InvalidDataException">What comes is not framed as RecordIO.</exception>
    /// <exception cref="System.Text.Json.JsonException">A record is no event.</exception>
    public async IAsyncEnumerable<TEvent> ReadAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var body = await _answer.Content.ReadAsStreamAsync(cancellation);
        await foreach (var message in RecordIo.ReadAsync(body, _eventJson, cancellation: cancellation)) yield return message;
    }

    /// <summary>Makes a call, at the master that has opened the stream and nowhere else.</summary>
    /// <exception cref="MasterRefusalException">The master refuses.</exception>
    /// <exception cref="HttpRequestException">It does not answer.</exception>
    public Task SendAsync(TCall call, CancellationToken cancellation) => _client.SendAsync(Master, _id, call, cancellation);

    /// <inheritdoc />
    public void Dispose() => _answer.Dispose();
}
