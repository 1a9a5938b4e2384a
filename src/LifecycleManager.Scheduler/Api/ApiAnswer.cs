using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Scheduler.Api;

/// <summary>Writes answers: JSON, as a stream, gzipped for those who take it.</summary>
internal static class ApiAnswer
{
    private const int FlushAt = 64 * 1024;
    private const int SmallestZipped = 1_024;

    // Answers are JSON and nothing else (nosniff), so that texts may stand in them as they are, in any script.
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes as all answers are written.</summary>
    public static Utf8JsonWriter Writer(Stream output) => new(output, Readable);

    /// <summary>Answers with one value.</summary>
    public static Task JsonAsync<T>(this ApiRequest request, T value, JsonTypeInfo<T> type, int status = 200) =>
        request.JsonAsync(json => JsonSerializer.Serialize(json, value, type), status);

    /// <summary>Answers with what is written.</summary>
    public static async Task JsonAsync(this ApiRequest request, Action<Utf8JsonWriter> write, int status = 200)
    {
        using var buffer = new MemoryStream();
        await using (var json = new Utf8JsonWriter(buffer, Readable)) write(json);
        await request.BytesAsync(buffer.GetBuffer().AsMemory(0, (int)buffer.Length), status, "application/json");
    }

    /// <summary>Answers with text.</summary>
    public static Task TextAsync(this ApiRequest request, string text) =>
        request.BytesAsync(Encoding.UTF8.GetBytes(text), 200, "text/plain; charset=utf-8");

    /// <summary>
    /// Answers with an object of one array whose items are written one after another, so that no more than a part of it is ever
    /// held.
    /// </summary>
    public static async Task StreamAsync<T>(this ApiRequest request, string name, IEnumerable<T> items,
        Action<Utf8JsonWriter, T> write)
    {
        var response = request.Context.Response;
        response.ContentType = "application/json";
        response.Headers.Vary = "Accept-Encoding";
        response.Headers.XContentTypeOptions = "nosniff";
        var zipped = TakesGzip(request.Context);
        if (zipped) response.Headers.ContentEncoding = "gzip";
        if (HttpMethods.IsHead(request.Method)) return;

        await using var zip = zipped ? new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true) : null;
        var output = zip ?? response.Body;
        using var buffer = new MemoryStream(FlushAt + 8_192);
        await using var json = new Utf8JsonWriter(buffer, Readable);
        json.WriteStartObject();
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            write(json, item);
            if (json.BytesPending + buffer.Length >= FlushAt) await PassOnAsync();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        await PassOnAsync();

        async Task PassOnAsync()
        {
            json.Flush();
            await output.WriteAsync(buffer.GetBuffer().AsMemory(0, (int)buffer.Length), request.Cancellation);
            buffer.SetLength(0);
        }
    }

    /// <summary>Sets the tag, and says whether the client has the answer already; then 304 is all.</summary>
    /// <param name="request">The request.</param>
    /// <param name="parts">The parts of the snapshot that the answer is made of.</param>
    public static bool IsKnown(this ApiRequest request, params IEnumerable<object> parts)
    {
        var tag = request.Services.Tag(parts);
        var response = request.Context.Response;
        response.Headers.ETag = tag;
        response.Headers.CacheControl = "no-cache";
        var known = request.Context.Request.Headers.IfNoneMatch;
        if (known.Count == 0 || !known.ToString().Split(',', StringSplitOptions.TrimEntries)
            .Any(one => one == "*" || Bare(one) == Bare(tag)))
            return false;
        response.StatusCode = StatusCodes.Status304NotModified;
        return true;
    }

    private static async Task BytesAsync(this ApiRequest request, ReadOnlyMemory<byte> bytes, int status, string type)
    {
        var response = request.Context.Response;
        response.StatusCode = status;
        response.ContentType = type;
        response.Headers.Vary = "Accept-Encoding";
        response.Headers.XContentTypeOptions = "nosniff";
        if (bytes.Length >= SmallestZipped && TakesGzip(request.Context))
        {
            response.Headers.ContentEncoding = "gzip";
            if (HttpMethods.IsHead(request.Method)) return;
            await using var zip = new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true);
            await zip.WriteAsync(bytes, request.Cancellation);
            return;
        }

        response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(request.Method)) await response.Body.WriteAsync(bytes, request.Cancellation);
    }

    private static string Bare(string tag) => tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag;

    private static bool TakesGzip(HttpContext context)
    {
        foreach (var part in context.Request.Headers.AcceptEncoding.ToString().Split(','))
        {
            var at = part.Split(';', StringSplitOptions.TrimEntries);
            if (!at[0].Trim().Equals("gzip", StringComparison.OrdinalIgnoreCase)) continue;
            return !(at.FirstOrDefault(item => item.StartsWith("q=", StringComparison.Ordinal)) is { } q
                && double.TryParse(q.AsSpan(2), NumberStyles.Float, CultureInfo.InvariantCulture, out var quality)
                && quality <= 0);
        }

        return false;
    }
}
