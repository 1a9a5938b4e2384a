using System.Security.Cryptography;
using System.Text;
using LifecycleManager.Runtime.Following;

namespace LifecycleManager.Security;

/// <summary>
/// Who may call, and what each may do. The file is Mesos' (<c>{"credentials": [{"principal": "p", "secret": "s"}]}</c>), with
/// <c>permissions</c> (<c>view</c>, <c>operate</c>, <c>exec</c>, <c>agent</c>, <c>impersonate</c>), <c>roles</c> and
/// <c>groups</c> beside: who has none of these fields may do all but speak for others, as in Mesos; who
/// has one may do that alone, and all that is said adds up. An entry
/// without a secret is for a client's certificate: the principal is its common name, and may be a pattern such as
/// <c>*.agents.example.org</c>. Several entries of one principal are several valid secrets, each with its own permissions and
/// its own <c>until</c>, so that a secret can be exchanged while both are in use. Immutable: what is read anew is another one.
/// </summary>
public sealed class Principals
{
    private const int MaxFile = 4 * 1024 * 1024;
    private const int MaxHeader = 2048;

    private readonly Dictionary<string, List<(byte[] Secret, Principal Principal)>> _secrets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Principal> _certificates = new(StringComparer.Ordinal);
    private readonly List<(string Suffix, Principal Principal)> _patterns = [];
    private readonly List<(string Name, DateTimeOffset Until)> _ends = [];
    private IReadOnlyList<string> _schedulers = [];
    private readonly FollowedFiles<Principals>? _file;

    private Principals(FollowedFiles<Principals>? file = null) => _file = file;

    /// <summary>Nobody is asked who he is, and everybody may do everything.</summary>
    public static Principals Anyone { get; } = new();

    /// <summary>Whether callers must say who they are.</summary>
    public bool AreRequired { get; private init; }

    private int Entries { get; init; }

    /// <summary>Those of this moment: what is read anew is another one.</summary>
    internal Principals Current => _file?.Current ?? this;

    /// <summary>The file that these follow; null where they do not change.</summary>
    public IFollowed? File => _file;

    /// <summary>Those of a file, which they follow; while it is not as above, the last good ones stay.</summary>
    /// <exception cref="FormatException">It cannot be read, or is not as above; the message never holds a secret.</exception>
    public static Principals OfFile(string path) => new(new FollowedFiles<Principals>(
        $"the credentials file {path}", [path], files => Parse(Encoding.UTF8.GetString(files[0]).TrimStart('\uFEFF')),
        principals => $"{principals.Entries} entries", MaxFile, pipes: true))
    {
        AreRequired = true,
    };

    /// <summary>Reads the text of a file.</summary>
    /// <exception cref="FormatException">It is not as above; the message has the line and never holds a secret.</exception>
    public static Principals Parse(string text)
    {
        var (entries, schedulers) = CredentialsFile.Parse(text);
        var principals = new Principals { AreRequired = true, Entries = entries.Count, _schedulers = schedulers };
        for (var i = 0; i < entries.Count; i++) principals.Add(entries[i], $"credentials[{i}]");
        return principals;
    }

    /// <summary>
    /// Whether a framework is believed which apps its tasks are of: one whose principal is named as a scheduler. An agent grants
    /// nothing on a group's apps for the tasks of any other.
    /// </summary>
    /// <param name="principal">The framework's, as the master has verified it; null where it asks nobody.</param>
    public bool Believes(string? principal) =>
        Current._schedulers is var named && (named.Contains("*") || (principal is not null && named.Contains(principal)));

    /// <summary>Secrets that have ended, or end within some time: a line each, without the secret.</summary>
    /// <param name="now">The present instant.</param>
    /// <param name="within">The time.</param>
    public IReadOnlyList<string> Endings(DateTimeOffset now, TimeSpan within) =>
    [
        .. Current._ends.Where(end => end.Until - now <= within).OrderBy(end => end.Until).Select(end =>
            $"a secret of the principal '{end.Name}' {(end.Until <= now ? "has ended" : "ends")} at "
            + $"{end.Until.UtcDateTime:yyyy-MM-ddTHH:mm:ss}Z"),
    ];

    /// <summary>Who a caller is, or null.</summary>
    /// <param name="authorization">The header <c>Authorization</c>, or null. Where it is there, it alone counts.</param>
    /// <param name="certificateName">The common name of the client's certificate, which the server has verified; or null.</param>
    public Principal? Authenticate(string? authorization, string? certificateName)
    {
        if (_file is not null) return Current.Authenticate(authorization, certificateName);
        if (!string.IsNullOrEmpty(authorization)) return Basic(authorization);
        if (string.IsNullOrEmpty(certificateName)) return null;
        if (_certificates.TryGetValue(certificateName, out var exact)) return exact;
        foreach (var (suffix, principal) in _patterns)
        {
            if (certificateName.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
                return principal with { Name = certificateName };
        }

        return null;
    }

    private Principal? Basic(string authorization)
    {
        if (authorization.Length > MaxHeader || !authorization.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
            return null;
        Span<byte> decoded = stackalloc byte[MaxHeader];
        if (!Convert.TryFromBase64Chars(authorization.AsSpan(6).Trim(), decoded, out var length)) return null;
        var pair = decoded[..length];
        var colon = pair.IndexOf((byte)':');
        if (colon < 0 || !_secrets.TryGetValue(Encoding.UTF8.GetString(pair[..colon]), out var known)) return null;
        foreach (var (secret, principal) in known)
        {
            if (CryptographicOperations.FixedTimeEquals(pair[(colon + 1)..], secret)) return principal;
        }

        return null;
    }

    private void Add(CredentialsFile.Entry entry, string at)
    {
        var (principal, name) = (entry.Principal, entry.Principal.Name);
        if (Encoding.UTF8.GetByteCount($"{name}:{entry.Secret}") > MaxHeader / 2)
            throw entry.Place.Wrong(at, "principal and secret are too long");
        if (principal.Until is { } until) _ends.Add((name, until));
        if (entry.Secret is { } secret)
        {
            if (!_secrets.TryGetValue(name, out var known)) _secrets[name] = known = [];
            known.Add((Encoding.UTF8.GetBytes(secret), principal));
        }
        else if (name.StartsWith("*.", StringComparison.Ordinal) && name.IndexOf('*', 1) < 0)
        {
            _patterns.Add((name[1..], principal));
        }
        else if (name.Contains('*'))
        {
            throw entry.Place.Wrong($"{at}.principal", $"'{name}' is neither a name nor a pattern such as '*.example.org'");
        }
        else if (!_certificates.TryAdd(name, principal))
        {
            throw entry.Place.Wrong($"{at}.principal", $"'{name}' is there already without a secret");
        }
    }
}
