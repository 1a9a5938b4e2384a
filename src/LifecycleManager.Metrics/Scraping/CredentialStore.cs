using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Runtime;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>Finds and reads credentials. Their content is in no message and no log.</summary>
internal sealed class CredentialStore(IReadOnlyList<MetricsCredential> credentials)
{
    private readonly Dictionary<string, SecretFile> _files = credentials.Select(credential => credential.Secret)
        .Where(secret => !IsVariable(secret)).Distinct()
        .ToDictionary(secret => secret, secret => new SecretFile(secret), StringComparer.Ordinal);

    /// <summary>The header for a target; null where it needs none.</summary>
    /// <exception cref="ScrapeException">The file cannot be read.</exception>
    public AuthenticationHeaderValue? For(string name)
    {
        // Few entries, and most installations have none.
        foreach (var credential in credentials)
        {
            if (Glob.IsMatch(credential.For, name, paths: false)) return Header(credential, Read(credential));
        }

        return null;
    }

    private string? Read(MetricsCredential credential)
    {
        if (IsVariable(credential.Secret))
            return Environment.GetEnvironmentVariable(credential.Secret[MetricsCredential.Variable.Length..]);
        try
        {
            return _files[credential.Secret].Read();
        }
        catch (IOException e)
        {
            throw new ScrapeException(FailureReason.Configuration, string.Create(CultureInfo.InvariantCulture,
                $"the credential file {credential.Secret} for {credential.For} cannot be read: {e.GetType().Name}"));
        }
    }

    private static bool IsVariable(string secret) => secret.StartsWith(MetricsCredential.Variable, StringComparison.Ordinal);

    private static AuthenticationHeaderValue Header(MetricsCredential credential, string? content)
    {
        var secret = content?.Trim();
        if (string.IsNullOrEmpty(secret) || secret.Any(char.IsControl))
            throw new ScrapeException(FailureReason.Configuration,
                $"the credential {credential.Secret} for {credential.For} does not hold one line of text");
        return credential.User is { } user
            ? new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{secret}")))
            : new AuthenticationHeaderValue("Bearer", secret);
    }
}
