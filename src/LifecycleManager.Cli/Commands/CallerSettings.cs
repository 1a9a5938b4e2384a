using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Runtime;
using LifecycleManager.Runtime.Following;
using LifecycleManager.Security;

namespace LifecycleManager.Cli.Commands;

/// <summary>Who a tool is to a role, and whom it trusts to be one. Files are looked at again while a tool runs.</summary>
/// <param name="Credential">Who asks; null for nobody.</param>
/// <param name="Certificate">What a role that asks for a certificate is shown; null for none.</param>
/// <param name="Authorities">Who signs the roles' certificates; null for those that the machine trusts.</param>
internal sealed record Caller(
    Credential? Credential, FollowedFiles<X509Certificate2>? Certificate, FollowedFiles<X509Certificate2Collection>? Authorities)
{
    /// <summary>What it shows roles that ask for a certificate, and whom it takes for one; null for the usual.</summary>
    public ClientTls? Tls => Certificate is null && Authorities is null ? null
        : new ClientTls(() => Newest(Certificate), () => Newest(Authorities));

    /// <summary>Has calls say who makes them, by the secret of that moment; null where nobody is said.</summary>
    public DelegatingHandler? Sayer => Credential is null ? null : new PrincipalHandler(Credential, looks: true);

    /// <summary>What connections are made by; redirects are for whoever makes the call, and so is who calls.</summary>
    public SocketsHttpHandler Connections()
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false };
        Tls?.ApplyTo(handler.SslOptions);
        return handler;
    }

    /// <summary>Has what goes out by a handler say who calls.</summary>
    public HttpMessageHandler Saying(HttpMessageHandler inner)
    {
        if (Sayer is not { } sayer) return inner;
        sayer.InnerHandler = inner;
        return sayer;
    }

    // A tool has no watch: it looks when it needs something.
    private static T? Newest<T>(FollowedFiles<T>? files)
        where T : class
    {
        files?.Look();
        return files?.Current;
    }
}

/// <summary>The options that say who a tool is, and whom it trusts.</summary>
internal sealed class CallerSettings
{
    private readonly CredentialSettings _credential;
    private readonly Option<string?> _certificate;
    private readonly Option<string?> _key;
    private readonly Option<FollowedFiles<X509Certificate2Collection>?> _authorities;

    /// <param name="command">Gets the options.</param>
    /// <param name="settings">Where they come from, too.</param>
    /// <param name="whom">Who asks, for <c>--help</c>.</param>
    public CallerSettings(Command command, Settings settings, string whom)
    {
        _credential = new CredentialSettings(command, settings, whom);
        _certificate = Setting.Of<string?>(settings, "--tls-certificate",
            $"A PEM file of the certificate to show {whom} that asks for one", Values.ReadableFile, () => null, "none");
        _key = Setting.Of<string?>(settings, "--tls-key", "A PEM file of its key", Values.ReadableFile, () => null,
            "in the certificate's file");
        _authorities = AuthoritiesOption(settings);
        foreach (Option option in (Option[])[_certificate, _key, _authorities]) command.Add(option);
    }

    /// <summary>Who has signed the certificates of the roles that are asked.</summary>
    public static Option<FollowedFiles<X509Certificate2Collection>?> AuthoritiesOption(Settings settings) =>
        Setting.Of<FollowedFiles<X509Certificate2Collection>?>(settings, "--tls-ca",
            "A file with the certificates (PEM) that those of the roles must come from", ReadAuthorities, () => null,
            "those that this machine trusts");

    /// <summary>Whether anything is said of who this is.</summary>
    public bool IsStated(ParseResult parse) => _credential.IsStated(parse) || parse.GetValue(_certificate) is not null;

    /// <summary>Who it is.</summary>
    /// <param name="parse">The command line.</param>
    /// <exception cref="CliException">There is a principal without a secret, a secret without a principal, or a key without a
    /// certificate; or the two do not fit.</exception>
    public Caller Caller(ParseResult parse)
    {
        var (certificate, key) = (parse.GetValue(_certificate), parse.GetValue(_key));
        if (certificate is null && key is not null) throw new CliException("--tls-key needs a --tls-certificate");
        return new Caller(_credential.Credential(parse), certificate is null ? null : ReadCertificate(certificate, key),
            parse.GetValue(_authorities));
    }

    /// <summary>Reads the certificates of authorities, and follows their file.</summary>
    /// <exception cref="FormatException">There is none in the file, or it cannot be read.</exception>
    public static FollowedFiles<X509Certificate2Collection> ReadAuthorities(string file) => new(
        $"the authorities' file {file}", [file], files => ServerTls.Certificates(Encoding.UTF8.GetString(files[0])),
        certificates => string.Join("; ", certificates.Select(ServerTls.Describe)), pipes: true);

    /// <summary>Reads a client's certificate with its key, and follows their files.</summary>
    /// <exception cref="CliException">They cannot be read, are not of each other, or the certificate is for no
    /// client.</exception>
    public static FollowedFiles<X509Certificate2> ReadCertificate(string certificate, string? key)
    {
        try
        {
            return new FollowedFiles<X509Certificate2>(
                $"the TLS certificate {certificate}", key is null ? [certificate] : [certificate, key],
                files => ServerTls.OfClient(Encoding.UTF8.GetString(files[0]), Encoding.UTF8.GetString(files[^1])),
                ServerTls.Describe, pipes: true);
        }
        catch (FormatException e)
        {
            throw new CliException($"the TLS certificate {certificate} cannot be used: {e.Message}", e);
        }
    }
}
