using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Runtime;

namespace LifecycleManager.Metrics.Sources.Servers;

/// <summary>
/// A secret in a file, read again when that changes, or in a variable (<c>env:NAME</c>). Its text is in no message and no log.
/// </summary>
/// <param name="place">The file, or the variable.</param>
internal sealed class SourceSecret(string place)
{
    private readonly SecretFile? _file =
        place.StartsWith(MetricsCredential.Variable, StringComparison.Ordinal) ? null : new SecretFile(place);

    /// <summary>The secret as it is now, without surrounding white space.</summary>
    /// <exception cref="ScrapeException">It cannot be read, is empty, or is more than a line.</exception>
    public string Read()
    {
        var text = ReadAll().Trim();
        if (text.Length == 0) throw new ScrapeException(FailureReason.Configuration, $"the secret {place} is empty or not set");
        return text.Any(char.IsControl)
            ? throw new ScrapeException(FailureReason.Configuration, $"the secret {place} does not hold one line of text")
            : text;
    }

    /// <summary>All of the file's text, such as a certificate's.</summary>
    /// <exception cref="ScrapeException">It cannot be read.</exception>
    public string ReadAll()
    {
        try
        {
            return _file is null
                ? Environment.GetEnvironmentVariable(place[MetricsCredential.Variable.Length..]) ?? ""
                : _file.Read();
        }
        catch (IOException e)
        {
            throw new ScrapeException(FailureReason.Configuration, $"{place} cannot be read: {e.GetType().Name}");
        }
    }
}
