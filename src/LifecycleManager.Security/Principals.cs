using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LifecycleManager.Security;

/// <summary>
/// Who may call, and what each may do. The file is Mesos' (<c>{"credentials": [{"principal": "p", "secret": "s"}]}</c>), with
/// <c>permissions</c> (<c>view</c>, <c>operate</c>, <c>agent</c>) and <c>roles</c> beside: who has neither field may do
/// everything, as in Mesos; who has one may do that alone. An entry without a secret is for a client's certificate: the
/// principal is its common name, and may be a pattern such as <c>*.agents.example.org</c>. Several entries of one principal are
/// several valid secrets, so that a secret can be exchanged while both are in use.
/// </summary>
public sealed class Principals
{
    private const int MaxFile = 4 * 1024 * 1024;
    private const int MaxHeader = 2048;

    private readonly Dictionary<string, List<(byte[] Secret, Principal Principal)>> _secrets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Principal> _certificates = new(StringComparer.Ordinal);
    private readonly List<(string Suffix, Principal Principal)> _patterns = [];

    private Principals()
    {
    }

    /// <summary>Nobody is asked who he is, and everybody may do everything.</summary>
    public static Principals Anyone { get; } = new();

    /// <summary>Whether callers must say who they are.</summary>
    public bool AreRequired { get; private init; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="FormatException">It is not as above; the message never holds a secret.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Principals Read(string path)
    {
        var file = new FileInfo(path);
        if (file.Length > MaxFile) throw new FormatException($"it is longer than {MaxFile} bytes");
        return Parse(File.ReadAllText(path));
    }

    /// <summary>Reads the text of a file.</summary>
    /// <exception cref="FormatException">It is not as above; the message never holds a secret.</exception>
    public static Principals Parse(string text)
    {
        CredentialsFile? file;
        try
        {
            file = JsonSerializer.Deserialize(text, SecurityJson.Default.CredentialsFile);
        }
        catch (JsonException e)
        {
            // The message of the parser may quote the file.
            throw new FormatException($"it could not be parsed as JSON of credentials: line {(e.LineNumber ?? 0) + 1}, {e.Path}");
        }

        if (file?.Credentials is not { Count: > 0 } entries) throw new FormatException("credentials: at least one is needed");
        var principals = new Principals { AreRequired = true };
        for (var i = 0; i < entries.Count; i++) principals.Add(entries[i], $"credentials[{i}]");
        return principals;
    }

    /// <summary>Who a caller is, or null.</summary>
    /// <param name="authorization">The header <c>Authorization</c>, or null. Where it is there, it alone counts.</param>
    /// <param name="certificateName">The common name of the client's certificate, which the server has verified; or null.</param>
    public Principal? Authenticate(string? authorization, string? certificateName)
    {
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

    private void Add(CredentialsFile.Entry? entry, string at)
    {
        if (entry?.Principal is not { Length: > 0 } name) throw new FormatException($"{at}.principal: is missing");
        if (name.Contains(':')) throw new FormatException($"{at}.principal: '{name}' holds a colon");
        if (entry.Secret is { Length: 0 }) throw new FormatException($"{at}.secret: is empty");
        if (Encoding.UTF8.GetByteCount($"{name}:{entry.Secret}") > MaxHeader / 2)
            throw new FormatException($"{at}: principal and secret are too long");
        var isOpen = entry.Permissions is null && entry.Roles is null;
        var permissions = isOpen ? Permission.Operate | Permission.Agent : Permission.None;
        foreach (var word in entry.Permissions ?? [])
        {
            permissions |= word switch
            {
                "view" => Permission.View,
                "operate" => Permission.Operate,
                "agent" => Permission.Agent,
                _ => throw new FormatException($"{at}.permissions: '{word}' must be view, operate or agent"),
            };
        }

        foreach (var role in entry.Roles ?? [])
        {
            if (string.IsNullOrWhiteSpace(role)) throw new FormatException($"{at}.roles: holds an empty role");
            if (role != "*" && role.IndexOf('*') is >= 0 and var star
                && (star != role.Length - 1 || !role.EndsWith("/*", StringComparison.Ordinal)))
                throw new FormatException($"{at}.roles: '{role}' must be a role, '*' or 'ROLE/*'");
        }

        var principal = new Principal(name, permissions, isOpen ? ["*"] : [.. entry.Roles ?? []]);
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
            throw new FormatException($"{at}.principal: '{name}' is neither a name nor a pattern such as '*.example.org'");
        }
        else if (!_certificates.TryAdd(name, principal))
        {
            throw new FormatException($"{at}.principal: '{name}' is there already without a secret");
        }
    }
}

internal sealed record CredentialsFile(IReadOnlyList<CredentialsFile.Entry?>? Credentials)
{
    public sealed record Entry(string? Principal, string? Secret = null, IReadOnlyList<string>? Permissions = null,
        IReadOnlyList<string>? Roles = null);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(CredentialsFile))]
internal sealed partial class SecurityJson : JsonSerializerContext;
