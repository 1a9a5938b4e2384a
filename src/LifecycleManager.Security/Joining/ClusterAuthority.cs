using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace LifecycleManager.Security.Joining;

/// <summary>
/// The authority of a cluster's certificates: a directory with its key, its settings, the credentials of all roles, and a file
/// for each certificate it has made. Commands and a master may use it at once. For any thread.
/// </summary>
public sealed class ClusterAuthority
{
    /// <summary>How long an authority is good for: ten years.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);

    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>Clocks of two machines differ; by as much a certificate is good before it was made, or a hundredth of its
    /// time.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <summary>After this the file of a certificate that has ended goes.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    private readonly Lock _issuing = new();
    private readonly string _directory;
    private readonly TimeProvider _time;
    private readonly AuthoritySettings _settings;
    private readonly X509Certificate2 _certificate;
    private readonly byte[] _tokenKey;

    private ClusterAuthority(string directory, TimeProvider time)
    {
        (_directory, _time) = (directory, time);
        _settings = JsonSerializer.Deserialize(File.ReadAllBytes(At("authority.json")), JoiningJson.Default.AuthoritySettings)
            ?? throw new FormatException($"{At("authority.json")} is empty");
        _certificate = X509Certificate2.CreateFromPemFile(At("authority.pem"), At("authority.key"));
        _tokenKey = File.ReadAllBytes(At("token.key"));
        if (_tokenKey.Length < 32) throw new FormatException($"{At("token.key")} is damaged: 32 bytes are needed");
    }

    /// <summary>The cluster's name.</summary>
    public string Cluster => _settings.Cluster;

    /// <summary>How long its certificates are good for.</summary>
    public TimeSpan CertificatesFor => _settings.CertificatesFor;

    /// <summary>Its certificate.</summary>
    public X509Certificate2 Certificate => _certificate;

    /// <summary>The SHA-256 digest of its certificate, in hexadecimal digits.</summary>
    public string Digest => DigestOf(_certificate);

    /// <summary>Makes a new one.</summary>
    /// <param name="directory">Where; made when it is not there.</param>
    /// <param name="cluster">The cluster's name.</param>
    /// <param name="certificatesFor">How long its certificates are to be good for.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">There is one already, or it cannot be written.</exception>
    /// <exception cref="FormatException">The cluster's name is none.</exception>
    public static ClusterAuthority Create(string directory, string cluster, TimeSpan certificatesFor, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        if (cluster.Length is 0 or > 15 || cluster.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-'))
            throw new FormatException($"'{cluster}' is no name of a cluster: 1 to 15 of a-z, 0-9 and '-' are needed");
        if (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())
            throw new IOException($"{directory} is not empty: an authority is never replaced");
        PrivateFiles.MakeDirectory(directory);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        PrivateFiles.MakeDirectory(Path.Combine(directory, "issued"));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(
            new X500DistinguishedName($"CN={cluster} authority"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = time.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now - Skew, now + Lifetime);
        void Write(string name, string text) => PrivateFiles.Write(Path.Combine(directory, name), Encoding.UTF8.GetBytes(text));
        Write("authority.key", key.ExportPkcs8PrivateKeyPem());
        PrivateFiles.Write(Path.Combine(directory, "token.key"), RandomNumberGenerator.GetBytes(32));
        Write("credentials.json", Credentials(cluster));
        Write("authority.json", JsonSerializer.Serialize(
            new AuthoritySettings(cluster, certificatesFor), JoiningJson.Default.AuthoritySettings));
        Write("authority.pem", certificate.ExportCertificatePem());
        return new ClusterAuthority(directory, time);
    }

    /// <summary>One that is there.</summary>
    /// <exception cref="FormatException">There is none, or it is damaged.</exception>
    public static ClusterAuthority Open(string directory, TimeProvider time)
    {
        try
        {
            return new ClusterAuthority(directory, time);
        }
        catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException)
        {
            throw new FormatException($"there is no authority in {directory}: 'lcm ca init --ca-dir {directory}' makes one", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or CryptographicException
            or ArgumentException)
        {
            throw new FormatException($"the authority in {directory} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>The digest by which a certificate is known, in hexadecimal digits.</summary>
    public static string DigestOf(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        return certificate.GetCertHashString(HashAlgorithmName.SHA256);
    }

    /// <summary>Makes a token.</summary>
    public JoinToken CreateToken(JoinRole role, TimeSpan life) =>
        JoinToken.Create(role, _time.GetUtcNow() + life, Digest, _tokenKey);

    /// <summary>Why a token is not good, or null.</summary>
    internal string? WhyNot(JoinToken token, JoinRole role) => token.Authority != Digest || !token.IsSealedBy(_tokenKey)
        ? "the token is none of this cluster's" : token.WhyNot(role, _time.GetUtcNow());

    /// <summary>The subject of whoever asks.</summary>
    internal string Subject(SigningRequest request, JoinRole role) =>
        $"{request.Name}.{role.Word()}.{Cluster}".ToLowerInvariant();

    /// <summary>Makes a certificate.</summary>
    /// <param name="pem">The signing request (PEM).</param>
    /// <param name="role">What it is for.</param>
    /// <param name="address">Whence it is asked for; null for this machine.</param>
    /// <param name="isKnown">Whether who asks has proved that he is its owner, wherever he is now.</param>
    /// <returns>It, with what its owner is to know.</returns>
    /// <exception cref="FormatException">It is not made; the message says why.</exception>
    /// <exception cref="IOException">It cannot be kept.</exception>
    public JoinAnswer Issue(string pem, JoinRole role, string? address, bool isKnown = false)
    {
        var request = SigningRequest.Parse(pem);
        lock (_issuing)
        {
            var subject = Subject(request, role);
            Check(request, role, address, isKnown);
            var now = _time.GetUtcNow();
            var until = now + CertificatesFor < _certificate.NotAfter ? now + CertificatesFor : _certificate.NotAfter;
            using var certificate =
                Sign(request, subject, role, now - (CertificatesFor / 100 < Skew ? CertificatesFor / 100 : Skew), until);
            var issued = new IssuedCertificate(
                certificate.SerialNumber, subject, role.Word(), request.Hosts, now, certificate.NotAfter, address);
            Keep(issued);
            foreach (var old in List().Where(old => old.Until + Kept < now)) File.Delete(FileOf(old));
            return new JoinAnswer(certificate.ExportCertificatePem(), Trust());
        }
    }

    /// <summary>The certificates that it has made, by their ends, those that have ended a month ago left out.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    public IReadOnlyList<IssuedCertificate> List() =>
    [
        .. Directory.EnumerateFiles(At("issued"), "*.json").Select(Read).OfType<IssuedCertificate>()
            .OrderBy(issued => issued.Until).ThenBy(issued => issued.Serial, StringComparer.Ordinal),
    ];

    /// <summary>Has certificates count no more.</summary>
    /// <param name="which">A serial number, or a subject for all of it.</param>
    /// <returns>Those that counted until now.</returns>
    public IReadOnlyList<IssuedCertificate> Revoke(string which)
    {
        lock (_issuing)
        {
            var now = _time.GetUtcNow();
            List<IssuedCertificate> found = [.. List().Where(issued => issued.Revoked is null && issued.Until > now
                && (issued.Serial.Equals(which, StringComparison.OrdinalIgnoreCase)
                    || issued.Subject.Equals(which, StringComparison.OrdinalIgnoreCase)))];
            foreach (var issued in found) Keep(issued with { Revoked = now });
            return found;
        }
    }

    /// <summary>What every member of the cluster is to know now.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public Trust Trust()
    {
        var now = _time.GetUtcNow();
        return new Trust(_certificate.ExportCertificatePem(), File.ReadAllText(At("credentials.json")),
            [.. List().Where(issued => issued.Revoked is not null && issued.Until > now).Select(issued => issued.Serial)
                .Order(StringComparer.Ordinal)]);
    }

    /// <summary>Whether it has made a certificate, and that counts now.</summary>
    public bool Counts(X509Certificate2 certificate) => Find(certificate) is not null;

    /// <summary>A certificate that it has made and that counts; null for any other.</summary>
    internal IssuedCertificate? Find(X509Certificate2 certificate)
    {
        var issued = Read(Path.Combine(At("issued"), certificate.SerialNumber + ".json"));
        return issued is { Revoked: null } && issued.Until > _time.GetUtcNow()
            && certificate.IssuerName.RawData.AsSpan().SequenceEqual(_certificate.SubjectName.RawData) ? issued : null;
    }

    /// <summary>
    /// Who may ask for a certificate could ask for one in another's name, and be taken for him. So a name that is in a
    /// certificate that counts belongs to its subject, and to others of the same machine.
    /// </summary>
    /// <exception cref="FormatException">The names are somebody else's.</exception>
    internal void Check(SigningRequest request, JoinRole role, string? address, bool isKnown)
    {
        var subject = Subject(request, role);
        if (subject.Length > 64) throw new FormatException($"the name '{subject}' is longer than 64 characters");
        var now = _time.GetUtcNow();
        foreach (var issued in List().Where(issued => issued.Revoked is null && issued.Until > now))
        {
            var isSame = issued.Subject == subject;
            if (isSame && !isKnown && issued.Address != address)
            {
                throw new FormatException($"'{subject}' is there already, at {issued.Address ?? "the authority's machine"}: "
                    + $"'lcm ca revoke {subject}' if it is gone");
            }

            if (isSame || issued.Address == address) continue;
            if (request.Hosts.FirstOrDefault(
                host => !IsOwn(host) && issued.Hosts.Contains(host, StringComparer.OrdinalIgnoreCase))
                is { } taken)
            {
                throw new FormatException(
                    $"the name '{taken}' is that of '{issued.Subject}': 'lcm ca revoke {issued.Subject}' if it is gone");
            }
        }
    }

    /// <summary>Names by which every machine calls itself.</summary>
    private static bool IsOwn(string host) =>
        host == "localhost" || (System.Net.IPAddress.TryParse(host, out var address) && System.Net.IPAddress.IsLoopback(address));

    private X509Certificate2 Sign(
        SigningRequest asked, string subject, JoinRole role, DateTimeOffset from, DateTimeOffset until)
    {
        var request = new CertificateRequest(new X500DistinguishedName($"CN={subject}"), asked.Key, HashAlgorithmName.SHA256);
        var uses = new OidCollection { new Oid(ClientAuthentication) };
        if (role.IsServer()) uses.Add(new Oid(ServerAuthentication));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(uses, false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(asked.Key, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, true, false));
        if (SigningRequest.Alternatives(asked.Hosts) is { } alternatives) request.CertificateExtensions.Add(alternatives);

        // The first bit is left out, so that the number is positive however it is read.
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40);
        using var key = _certificate.GetECDsaPrivateKey()!;
        return request.Create(_certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(key), from, until, serial);
    }

    private void Keep(IssuedCertificate issued) =>
        PrivateFiles.Write(FileOf(issued), JsonSerializer.SerializeToUtf8Bytes(issued, JoiningJson.Default.IssuedCertificate));

    private string FileOf(IssuedCertificate issued) => Path.Combine(At("issued"), issued.Serial + ".json");

    private static IssuedCertificate? Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), JoiningJson.Default.IssuedCertificate);
        }
        catch (FileNotFoundException)
        {
            // Not ours, or it has just gone.
            return null;
        }
        catch (JsonException e)
        {
            throw new IOException($"{path} is damaged: {e.Message}", e);
        }
    }

    private string At(string name) => Path.Combine(_directory, name);

    private static string Credentials(string cluster) => $$"""
        {
          "credentials": [
            { "principal": "*.master.{{cluster}}", "permissions": ["view"] },
            { "principal": "*.agent.{{cluster}}", "permissions": ["agent"] },
            { "principal": "*.scheduler.{{cluster}}", "permissions": ["view", "impersonate"], "roles": ["*"] },
            { "principal": "*.manager.{{cluster}}", "permissions": ["operate"] },
            { "principal": "*.operator.{{cluster}}" },
            { "principal": "*.viewer.{{cluster}}", "permissions": ["view"] }
          ]
        }

        """;
}
