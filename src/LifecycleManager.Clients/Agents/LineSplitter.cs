using System.Globalization;
using System.Text;

namespace LifecycleManager.Clients.Agents;

/// <summary>
/// Bytes as lines, whatever they are: of a line no more than 64 KB are kept, and what was more is told at its end, so that a log
/// of any kind takes no more memory than this.
/// </summary>
/// <param name="take">Gets each line without its break; the bytes are the splitter's own.</param>
public sealed class LineSplitter(LineSplitter.Take take)
{
    /// <summary>What is kept of a line, in bytes.</summary>
    public const int MaxLine = 64 * 1024;

    private readonly byte[] _line = new byte[MaxLine + 64];
    private int _length;
    private long _cut;

    /// <summary>Takes a line.</summary>
    public delegate void Take(ReadOnlySpan<byte> line);

    /// <summary>Adds what has come.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var end = bytes.IndexOf((byte)'\n');
            var part = end < 0 ? bytes : bytes[..end];
            var kept = Math.Min(part.Length, MaxLine - _length);
            part[..kept].CopyTo(_line.AsSpan(_length));
            _length += kept;
            _cut += part.Length - kept;
            if (end < 0) return;
            Emit();
            bytes = bytes[(end + 1)..];
        }
    }

    /// <summary>There is no more: what has no break at its end is a line, too.</summary>
    public void End()
    {
        if (_length > 0 || _cut > 0) Emit();
    }

    private void Emit()
    {
        var length = _length > 0 && _cut == 0 && _line[_length - 1] == '\r' ? _length - 1 : _length;
        if (_cut > 0)
            length += Encoding.ASCII.GetBytes(
                string.Create(CultureInfo.InvariantCulture, $" ... ({_cut} bytes more)"), _line.AsSpan(length));
        (_length, _cut) = (0, 0);
        take(_line.AsSpan(0, length));
    }
}
