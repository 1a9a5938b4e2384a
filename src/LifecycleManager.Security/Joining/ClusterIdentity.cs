using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using LifecycleManager.Runtime;

namespace LifecycleManager.Security.Joining;

/// <summary>How a process has joined its cluster.</summary>
/// <param name="Masters">Where the authority was found, and others that may have it later; none for the one that has it
/// itself.</param>
/// <param name="Token">The number of the token; null for the one that has the authority itself.</param>
public sealed record JoinedCluster(IReadOnlyList<Uri> Masters, string? Token);

/// <summary>
/// Who a process is in its cluster: a directory with its certificate and key, the authority's certificate, the credentials of all
/// roles and what is revoked. Each file is replaced as a whole; certificate and key are one.
/// </summary>
/// <param name="directory">Where; its owner's alone.</param>
public sealed class ClusterIdentity(string directory)
{
    /// <summary>The certificate with its key (PEM).</summary>
    public string Certificate => At("identity.pem");

    /// <summary>The authority's certificate (PEM).</summary>
    public string Authority => At("authority.pem");

    /// <summary>Who may do what.</summary>
    public string Credentials => At("credentials.json");

    /// <summary>The serial numbers of revoked certificates, a line each.</summary>
    public string Revoked => At("revoked.txt");

    /// <summary>Whether there is one.</summary>
    public bool IsThere => File.Exists(Certificate);

    /// <summary>How it has joined.</summary>
    /// <exception cref="FormatException">That cannot be read.</exception>
    public JoinedCluster Cluster
    {
        get
        {
            try
            {
                return JsonSerializer.Deserialize(File.ReadAllBytes(At("cluster.json")), JoiningJson.Default.JoinedCluster)
                    is { Masters: not null } cluster ? cluster : throw new JsonException("it is empty");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
            {
                throw new FormatException(
                    $"{At("cluster.json")} cannot be read: {e.Message}; remove {directory} and join anew", e);
            }
        }
    }

    /// <summary>Its certificate as it is now, with its key.</summary>
    /// <exception cref="FormatException">It cannot be read.</exception>
    public X509Certificate2 Read()
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(Certificate);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new FormatException($"{Certificate} cannot be read: {e.Message}; remove {directory} and join anew", e);
        }
    }

    /// <summary>Keeps what the authority has answered.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="key">The key that it is for.</param>
    /// <param name="cluster">How it has joined.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="FormatException">The certificate is not of the key, or not of the authority.</exception>
    public void Keep(JoinAnswer answer, ECDsa key, JoinedCluster cluster)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(key);
        var pem = key.ExportPkcs8PrivateKeyPem();
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(answer.Certificate, pem);
            using var authority = X509Certificate2.CreateFromPem(answer.Trust.Authority);
            using var chain = new X509Chain { ChainPolicy = TrustedAuthorities.Only([authority]) };

            // Whether it is good by this machine's clock is said, as such, where it is used.
            chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
            if (!chain.Build(certificate)) throw new FormatException("the certificate that was answered is not of the authority");
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new FormatException($"the certificate that was answered cannot be used: {e.Message}", e);
        }

        PrivateFiles.MakeDirectory(directory);
        Replace(Authority, answer.Trust.Authority);
        Keep(answer.Trust);
        PrivateFiles.Write(At("cluster.json"),
            JsonSerializer.SerializeToUtf8Bytes(cluster, JoiningJson.Default.JoinedCluster));

        // The last: with it, all is there.
        PrivateFiles.Write(Certificate, Encoding.UTF8.GetBytes($"{answer.Certificate}\n{pem}\n"));
    }

    /// <summary>Keeps what is known now. The authority stays: it was known by its digest, and by nothing else since.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="FormatException">The credentials are none.</exception>
    public void Keep(Trust trust)
    {
        ArgumentNullException.ThrowIfNull(trust);
        _ = Principals.Parse(trust.Credentials);
        Replace(Credentials, trust.Credentials);
        Replace(Revoked, string.Concat(
            trust.Revoked.Prepend("# serial numbers of revoked certificates").Select(line => line + "\n")));
    }

    private static void Replace(string path, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (!File.Exists(path) || !File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes)) PrivateFiles.Write(path, bytes);
    }

    private string At(string name) => Path.Combine(directory, name);
}
