using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>Finds and reads credentials. Their content is in no message and no log.</summary>
internal sealed class CredentialStore(IReadOnlyList<MetricsCredential> credentials, TimeProvider time)
{
    private const int MostBytes = 64 * 1024;
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(5);
    private readonly Lock _lock = new();
    private readonly Dictionary<MetricsCredential, Entry> _read = [];

    /// <summary>The header for a target; null where it needs none.</summary>
    /// <exception cref="ScrapeException">The file cannot be read.</exception>
    public AuthenticationHeaderValue? For(string name)
    {
        // Few entries, and most installations have none.
        foreach (var credential in credentials)
        {
            if (Fits(credential.For, name)) return Read(credential);
        }

        return null;
    }

    /// <summary>Whether a pattern with <c>*</c> fits a whole name.</summary>
    internal static bool Fits(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        var star = pattern.IndexOf('*');
        if (star < 0) return pattern.SequenceEqual(name);
        if (!name.StartsWith(pattern[..star])) return false;
        var rest = pattern[(star + 1)..];
        for (var i = star; i <= name.Length; i++)
        {
            if (Fits(rest, name[i..])) return true;
        }

        return false;
    }

    private AuthenticationHeaderValue Read(MetricsCredential credential)
    {
        lock (_lock)
        {
            var now = time.GetTimestamp();
            if (_read.TryGetValue(credential, out var entry) && time.GetElapsedTime(entry.Checked, now) < CheckEvery)
                return entry.Header;
            try
            {
                if (credential.Secret.StartsWith(MetricsCredential.Variable, StringComparison.Ordinal))
                {
                    entry ??= new Entry(Header(credential, Environment.GetEnvironmentVariable(credential.Secret[MetricsCredential.Variable.Length..])), default, now);
                }
                else
                {
                    var file = new FileInfo(credential.Secret);
                    if (entry is null || entry.Changed != file.LastWriteTimeUtc)
                        entry = new Entry(Header(credential, Content(file)), file.LastWriteTimeUtc, now);
                }

                _read[credential] = entry with { Checked = now };
                return entry.Header;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new ScrapeException(FailureReason.Configuration, string.Create(CultureInfo.InvariantCulture,
                    $"the credential file {credential.Secret} for {credential.For} cannot be read: {e.GetType().Name}"));
            }
        }
    }

    private static string Content(FileInfo file) =>
        file.Length > MostBytes ? throw new IOException("too long") : File.ReadAllText(file.FullName);

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

    private sealed record Entry(AuthenticationHeaderValue Header, DateTime Changed, long Checked);
}
