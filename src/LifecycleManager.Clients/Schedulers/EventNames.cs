using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace LifecycleManager.Clients.Schedulers;

/// <summary>
/// The names of server-sent events. Their data, which may be megabytes, is skipped without being kept: the framework's parser
/// would keep a whole event, of whatever size.
/// </summary>
internal static class EventNames
{
    private const int MaxLength = 256;

    /// <summary>Reads until the stream ends; one item an <c>event:</c> line.</summary>
    public static async IAsyncEnumerable<string> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(8192);
        var line = new byte[MaxLength];
        var length = 0;
        try
        {
            while (true)
            {
                var read = await stream.ReadAsync(buffer, cancellation);
                if (read == 0) yield break;
                for (var i = 0; i < read; i++)
                {
                    if (buffer[i] is (byte)'\n' or (byte)'\r')
                    {
                        if (Name(line.AsSpan(0, length)) is { } name) yield return name;
                        length = 0;
                    }
                    else if (length < MaxLength)
                    {
                        line[length++] = buffer[i];
                    }
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static string? Name(ReadOnlySpan<byte> line) =>
        line.StartsWith("event:"u8) ? Encoding.UTF8.GetString(line[6..].Trim((byte)' ')) : null;
}
