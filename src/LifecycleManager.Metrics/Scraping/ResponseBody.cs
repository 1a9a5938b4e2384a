using System.Buffers;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>An answer's body in pooled memory.</summary>
/// <param name="expected">How long it will be, where that is known.</param>
internal sealed class ResponseBody(long? expected) : IDisposable
{
    private const int Usual = 16 * 1024;
    private const int MaxBlock = 1024 * 1024;
    // One more than is expected, so that the read that finds the end has room. A length that is only claimed costs little.
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(MaxBlock, expected + 1 ?? Usual));
    private int _length;

    /// <summary>What the answer says of its type, as it stands there; empty where it says nothing.</summary>
    public required string ContentType { get; init; }

    /// <summary>The media type without parameters, in lower case; empty where there is none.</summary>
    public string MediaType => ContentType.Split(';')[0].Trim().ToLowerInvariant();

    /// <summary>Whether it says that it is JSON.</summary>
    public bool IsJson => MediaType.Contains("json", StringComparison.Ordinal);

    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, _length);

    /// <summary>Reads to the end, or fails beyond the limit without having read much more.</summary>
    public async ValueTask FillAsync(Stream stream, int limit, CancellationToken cancellation)
    {
        while (true)
        {
            if (_length == _buffer.Length)
            {
                var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
                Bytes.CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = larger;
            }

            var read = await stream.ReadAsync(_buffer.AsMemory(_length), cancellation);
            if (read == 0) return;
            _length += read;
            if (_length > limit) throw new ScrapeException(FailureReason.TooLarge, $"the body is longer than {limit} bytes");
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _length = 0;
    }
}
