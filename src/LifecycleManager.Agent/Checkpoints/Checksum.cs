using System.Security.Cryptography;
using System.Text;

namespace LifecycleManager.Agent.Checkpoints;

/// <summary>
/// A JSON object that bears a sum of its own bytes as its first property, so that damage shows even where what is left is
/// valid: <c>{"sum":"0123456789abcdef","home":...}</c>. What bears none, as version 0.1.0 wrote it, is taken as it is.
/// </summary>
internal static class Checksum
{
    private const int Digits = 16;
    private static ReadOnlySpan<byte> Before => "{\"sum\":\""u8;

    private static ReadOnlySpan<byte> After => "\","u8;

    /// <summary>Adds the sum.</summary>
    /// <param name="json">An object, without white space before it.</param>
    public static byte[] Seal(ReadOnlySpan<byte> json)
    {
        var body = json[1..];
        return [.. Before, .. Of(body), .. After, .. body];
    }

    /// <summary>Takes the sum off; null when the bytes are not as they were sealed.</summary>
    public static byte[]? Open(ReadOnlySpan<byte> json)
    {
        if (!json.StartsWith(Before)) return json.ToArray();
        var rest = json[Before.Length..];
        if (rest.Length < Digits || !rest[Digits..].StartsWith(After)) return null;
        var body = rest[(Digits + After.Length)..];
        return rest[..Digits].SequenceEqual(Of(body)) ? [(byte)'{', .. body] : null;
    }

    private static byte[] Of(ReadOnlySpan<byte> body) =>
        Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(body))[..Digits]);
}
