using System.Collections.Concurrent;
using LifecycleManager.Metrics.Targets;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Runtime;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>Finds how the targets of an app are known to be themselves, where the operator says so.</summary>
internal sealed class TlsStore(IReadOnlyList<MetricsTls> entries)
{
    private readonly Dictionary<string, SecretFile> _files = entries.Select(entry => entry.AuthorityFile)
        .OfType<string>().Distinct().ToDictionary(file => file, file => new SecretFile(file), StringComparer.Ordinal);

    // By entry, with the text that they were made of: as many as there are entries.
    private readonly ConcurrentDictionary<MetricsTls, (string? Pem, TlsSettings Settings)> _read = new();

    /// <summary>The settings for an app; null where the operator says nothing.</summary>
    /// <exception cref="ScrapeException">The authorities' file cannot be read, or holds no certificates.</exception>
    public TlsSettings? For(string app)
    {
        foreach (var entry in entries)
        {
            if (!Glob.IsMatch(entry.For, app, paths: false)) continue;
            var pem = Read(entry);
            if (_read.TryGetValue(entry, out var known) && ReferenceEquals(known.Pem, pem)) return known.Settings;
            if (pem is not null && TlsSettings.Check(pem) is { } problem) throw Unusable(entry, problem);
            var settings = new TlsSettings(pem, entry.ServerName, entry.InsecureSkipVerify);
            _read[entry] = (pem, settings);
            return settings;
        }

        return null;
    }

    private string? Read(MetricsTls entry)
    {
        try
        {
            return entry.AuthorityFile is { } file ? _files[file].Read() : null;
        }
        catch (IOException e)
        {
            throw Unusable(entry, $"cannot be read: {e.GetType().Name}");
        }
    }

    private static ScrapeException Unusable(MetricsTls entry, string problem) => new(
        FailureReason.Configuration, $"the authorities' file {entry.AuthorityFile} for {entry.For} {problem}");
}
