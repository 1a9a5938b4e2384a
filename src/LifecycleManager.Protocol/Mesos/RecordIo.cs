using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LifecycleManager.Protocol.Mesos;

/// <summary>
/// RecordIO, the framing of Mesos' event streams: the record's length in decimal, a line feed, the record.
/// </summary>
public static class RecordIo
{
    /// <summary>The longest record that <see cref="ReadAsync"/> takes unless told otherwise, in bytes.</summary>
    public const int DefaultMaxRecord = 64 * 1024 * 1024;

    private const int MaxHeader = 20;

    /// <summary>One message as a framed record.</summary>
    public static byte[] Encode<T>(T message, JsonTypeInfo<T> type) => Frame(JsonSerializer.SerializeToUtf8Bytes(message, type));

    /// <summary>Puts the header before a record.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> record)
    {
        Span<byte> header = stackalloc byte[MaxHeader];
        Utf8Formatter.TryFormat(record.Length, header, out var digits);
        header[digits] = (byte)'\n';
        var framed = new byte[digits + 1 + record.Length];
        header[..(digits + 1)].CopyTo(framed);
        record.CopyTo(framed.AsSpan(digits + 1));
        return framed;
    }

    /// <summary>Reads the records of a stream until its end.</summary>
    /// <exception cref="InvalidDataException">A header is no number, a record is longer than <paramref name="maxRecord"/>, or the
    /// stream ends within a record.</exception>
    /// <exception cref="JsonException">A record is not the message.</exception>
    public static async IAsyncEnumerable<T> ReadAsync<T>(
        Stream stream, JsonTypeInfo<T> type, int maxRecord = DefaultMaxRecord,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));
        try
        {
            while (true)
            {
                var result = await reader.ReadAsync(cancellation).ConfigureAwait(false);
                var buffer = result.Buffer;
                while (TryTake(ref buffer, maxRecord, out var record))
                {
                    yield return Parse(record, type);
                }

                if (result.IsCompleted)
                {
                    if (!buffer.IsEmpty) throw new InvalidDataException("the stream ended within a record");
                    yield break;
                }

                reader.AdvanceTo(buffer.Start, buffer.End);
            }
        }
        finally
        {
            await reader.CompleteAsync().ConfigureAwait(false);
        }
    }

    private static bool TryTake(ref ReadOnlySequence<byte> buffer, int maxRecord, out ReadOnlySequence<byte> record)
    {
        record = default;
        if (buffer.PositionOf((byte)'\n') is not { } feed)
        {
            return buffer.Length > MaxHeader ? throw new InvalidDataException("a record's header is too long") : false;
        }

        var header = buffer.Slice(0, feed);
        Span<byte> digits = stackalloc byte[MaxHeader];
        if (header.Length > MaxHeader) throw new InvalidDataException("a record's header is too long");
        header.CopyTo(digits);
        if (!Utf8Parser.TryParse(digits[..(int)header.Length], out int length, out var used) || used != header.Length
            || length < 0)
        {
            throw new InvalidDataException("a record's header is not a number");
        }

        if (length > maxRecord) throw new InvalidDataException($"a record of {length} bytes is over the limit of {maxRecord}");
        var body = buffer.Slice(buffer.GetPosition(1, feed));
        if (body.Length < length) return false;
        record = body.Slice(0, length);
        buffer = body.Slice(length);
        return true;
    }

    private static T Parse<T>(ReadOnlySequence<byte> record, JsonTypeInfo<T> type)
    {
        var reader = new Utf8JsonReader(record);
        return JsonSerializer.Deserialize(ref reader, type) ?? throw new JsonException("a record is null");
    }
}
