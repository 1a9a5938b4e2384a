using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace LifecycleManager.Security.Joining;

/// <summary>
/// What lets one process join a cluster, once: for which role, until when, and the digest of the authority's certificate, by
/// which whoever joins knows the master that he does not trust yet. Sealed by the authority; a secret until it is used.
/// </summary>
public sealed class JoinToken
{
    /// <summary>The longest time that one may be good for: 30 days.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    private const string Prefix = "lcm1_";
    private const int IdBytes = 16;
    private const int DigestBytes = 32;
    private const int StatedBytes = IdBytes + 1 + 8 + DigestBytes;
    private const int Bytes = StatedBytes + DigestBytes;

    private readonly byte[] _bytes;

    private JoinToken(byte[] bytes) => _bytes = bytes;

    /// <summary>Its number, which is no secret.</summary>
    public string Id => Convert.ToHexStringLower(_bytes.AsSpan(0, IdBytes));

    /// <summary>Who may join by it.</summary>
    public JoinRole Role => (JoinRole)_bytes[IdBytes];

    /// <summary>Until when.</summary>
    public DateTimeOffset Until =>
        DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadInt64BigEndian(_bytes.AsSpan(IdBytes + 1)));

    /// <summary>The SHA-256 digest of the authority's certificate, in hexadecimal digits.</summary>
    public string Authority => Convert.ToHexString(_bytes.AsSpan(IdBytes + 9, DigestBytes));

    /// <summary>Makes one.</summary>
    /// <param name="role">Who may join by it.</param>
    /// <param name="until">Until when.</param>
    /// <param name="authority">The digest of the authority's certificate.</param>
    /// <param name="key">The authority's key of tokens.</param>
    public static JoinToken Create(JoinRole role, DateTimeOffset until, string authority, byte[] key)
    {
        var bytes = new byte[Bytes];
        RandomNumberGenerator.Fill(bytes.AsSpan(0, IdBytes));
        bytes[IdBytes] = (byte)role;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(IdBytes + 1), until.ToUnixTimeSeconds());
        Convert.FromHexString(authority).CopyTo(bytes, IdBytes + 9);
        HMACSHA256.HashData(key, bytes.AsSpan(0, StatedBytes), bytes.AsSpan(StatedBytes));
        return new JoinToken(bytes);
    }

    /// <summary>Reads one; whether it is sealed only its authority can tell.</summary>
    /// <exception cref="FormatException">It is none; the message does not repeat it.</exception>
    public static JoinToken Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var bytes = new byte[Bytes];
        var isToken = text.StartsWith(Prefix, StringComparison.Ordinal)
            && Base64Url.IsValid(text.AsSpan(Prefix.Length), out var length)
            && length == Bytes && Base64Url.TryDecodeFromChars(text.AsSpan(Prefix.Length), bytes, out _);
        var seconds = BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(IdBytes + 1));
        var role = (JoinRole)bytes[IdBytes];
        return isToken && Enum.IsDefined(role) && role.IsServer() && seconds is >= 0 and < 253_402_300_800
            ? new JoinToken(bytes)
            : throw new FormatException("it is no token: 'lcm token create' prints one, all of its characters are needed");
    }

    /// <summary>Whether an authority has made it as it is.</summary>
    public bool IsSealedBy(byte[] key) => CryptographicOperations.FixedTimeEquals(
        HMACSHA256.HashData(key, _bytes.AsSpan(0, StatedBytes)), _bytes.AsSpan(StatedBytes));

    /// <summary>Why nobody of a role can join by it now; null where he can.</summary>
    public string? WhyNot(JoinRole role, DateTimeOffset now) => Role != role
        ? $"the token is for the role {Role.Word()}, this process is of the role {role.Word()}: "
            + $"'lcm token create --role {role.Word()}' makes one"
        : Until <= now ? $"the token was good until {Until:u}: 'lcm token create --role {role.Word()}' makes a new one" : null;

    /// <summary>The secret text, for whoever is to join.</summary>
    public string Reveal() => Prefix + Base64Url.EncodeToString(_bytes);

    /// <summary>Its number alone.</summary>
    public override string ToString() => Id;
}
