using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Unicode;

namespace LifecycleManager.Metrics.Exposition;

/// <summary>The bytes that names are made of, and quoted strings.</summary>
internal static class ExpositionBytes
{
    /// <summary>The bytes of metric names that need no quotes.</summary>
    public static readonly SearchValues<byte> Name =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:"u8);

    /// <summary>Whether it may stand in a label's name without quotes; a digit not at its start.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsLabel(byte b) => (uint)((b | 0x20) - 'a') <= 'z' - 'a' || (uint)(b - '0') <= 9 || b == '_';

    /// <summary>
    /// From an opening quote to behind the closing one; -1 where there is none. As in Prometheus, a line may break within a
    /// string of old text, though not behind a backslash.
    /// </summary>
    public static int StringEnd(ReadOnlySpan<byte> text, int at, bool open)
    {
        at++;
        while (true)
        {
            var rest = text[at..];
            var stop = open ? rest.IndexOfAny((byte)'"', (byte)'\\', (byte)'\n') : rest.IndexOfAny((byte)'"', (byte)'\\');
            if (stop < 0) return -1;
            at += stop + 1;
            if (text[at - 1] == '"') return at;
            if (text[at - 1] == '\n' || (uint)at >= (uint)text.Length || text[at] == '\n') return -1;
            at++;
        }
    }

    /// <summary>How many bytes are UTF-8.</summary>
    public static int ValidLength(ReadOnlySpan<byte> text)
    {
        if (Utf8.IsValid(text)) return text.Length;
        var at = 0;
        while (System.Text.Rune.DecodeFromUtf8(text[at..], out _, out var used) == OperationStatus.Done) at += used;
        return at;
    }
}
