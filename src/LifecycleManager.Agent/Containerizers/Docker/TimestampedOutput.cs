using System.Text;

namespace LifecycleManager.Agent.Containerizers.Docker;

/// <summary>
/// Takes the time stamps out of one stream of a container's log. The engine puts one before each entry: a line, or the next
/// 16 KiB of a longer one; the line feed of a line of just that length is an entry of its own.
/// </summary>
internal sealed class TimestampedOutput
{
    private const int MaxEntry = 16 * 1024;
    private const int MaxStamp = 40;
    private readonly string? _after;
    private readonly byte[] _stamp = new byte[MaxStamp];
    private int _stampLength;
    private int _entryLength;
    private bool _inEntry;
    private bool _skip;
    private bool _continues;

    /// <summary>Begins.</summary>
    /// <param name="after">What is not younger than this time stamp has been copied before; null when nothing was.</param>
    public TimestampedOutput(string? after) => Time = _after = after;

    /// <summary>The time stamp of the last entry that was begun.</summary>
    public string? Time { get; private set; }

    /// <summary>Whether what has come so far ends with a whole line.</summary>
    public bool AtLineStart => !_inEntry && !_continues && _stampLength == 0;

    /// <summary>Takes the next bytes of the stream.</summary>
    /// <param name="chunk">The bytes.</param>
    /// <param name="output">Gets what is no time stamp and was not copied before.</param>
    public void Take(ReadOnlySpan<byte> chunk, Stream output)
    {
        while (!chunk.IsEmpty)
        {
            if (!_inEntry)
            {
                var space = chunk.IndexOf((byte)' ');
                var take = Math.Min(space < 0 ? chunk.Length : space, MaxStamp - _stampLength);
                chunk[..take].CopyTo(_stamp.AsSpan(_stampLength));
                _stampLength += take;
                chunk = chunk[take..];
                if (_stampLength < MaxStamp && (chunk.IsEmpty || chunk[0] != (byte)' ')) continue;
                var ended = !chunk.IsEmpty && chunk[0] == (byte)' ';
                if (Begin(output) && ended) chunk = chunk[1..];
                continue;
            }

            var feed = chunk.IndexOf((byte)'\n');
            var length = Math.Min(feed < 0 ? chunk.Length : feed + 1, MaxEntry - _entryLength);
            if (!_skip) output.Write(chunk[..length]);
            _entryLength += length;
            var line = chunk[length - 1] == (byte)'\n';
            if (line || _entryLength >= MaxEntry)
            {
                (_inEntry, _entryLength, _continues) = (false, 0, !line);
            }

            chunk = chunk[length..];
        }
    }

    /// <returns>Whether what has come is a time stamp.</returns>
    private bool Begin(Stream output)
    {
        var time = Encoding.ASCII.GetString(_stamp, 0, _stampLength);
        _inEntry = true;
        var stamped = DockerTime.IsOne(time);
        if (stamped)
        {
            // The rest of a long line bears the time of its beginning.
            _skip = _continues ? _skip : _after is not null && DockerTime.Compare(time, _after) <= 0;
            if (!_skip) Time = time;
        }
        else if (!_skip)
        {
            output.Write(_stamp.AsSpan(0, _stampLength));
        }

        _stampLength = 0;
        return stamped;
    }
}

/// <summary>The engine's time stamps: RFC 3339 in UTC with up to nine digits of a second.</summary>
internal static class DockerTime
{
    private const int Seconds = 19;

    public static bool IsOne(string text) => text.Length >= Seconds + 1 && text[^1] == 'Z' && text[4] == '-' && text[10] == 'T'
        && DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out _);

    public static int Compare(string left, string right)
    {
        var seconds = string.CompareOrdinal(left[..Seconds], right[..Seconds]);
        return seconds != 0 ? seconds : string.CompareOrdinal(Nanoseconds(left), Nanoseconds(right));
    }

    /// <summary>As the engine's <c>since</c> wants it.</summary>
    public static string Unix(string time) =>
        $"{DateTimeOffset.Parse(time[..Seconds] + "Z", System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeSeconds()}.{Nanoseconds(time)}";

    private static string Nanoseconds(string time) => time[Seconds..^1].TrimStart('.').PadRight(9, '0');
}
