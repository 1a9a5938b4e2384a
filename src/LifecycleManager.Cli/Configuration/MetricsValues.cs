using System.Globalization;
using LifecycleManager.Metrics;
using LifecycleManager.Metrics.Discovery;

namespace LifecycleManager.Cli.Configuration;

/// <summary>
/// How the values of the collector's options are read. Each throws <see cref="FormatException"/> with what is wrong.
/// </summary>
internal static class MetricsValues
{
    /// <summary><c>APP=HOST:PORT,HOST:PORT;APP=https://HOST:PORT/PATH</c></summary>
    public static IReadOnlyList<TargetGroup> Targets(string text)
    {
        var groups = new List<TargetGroup>();
        foreach (var group in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = group.IndexOf('=', StringComparison.Ordinal);
            if (equals < 2 || group[0] != '/')
                throw new FormatException($"'{group}' is not APP=HOST:PORT with an absolute app id");
            foreach (var address in Values.List(group[(equals + 1)..]))
            {
                var labels = new Dictionary<string, string>(StringComparer.Ordinal) { ["app"] = group[..equals] };
                var target = address;
                if (address.Contains("://", StringComparison.Ordinal))
                {
                    var url = Values.PlainUrl(address);
                    labels["__scheme__"] = url.Scheme;
                    if (url.PathAndQuery != "/") labels["__metrics_path__"] = url.PathAndQuery;
                    target = $"{url.Host}:{url.Port}";
                }

                var colon = target.LastIndexOf(':');
                if (colon < 1 || !int.TryParse(target.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture,
                    out var port) || port is 0 or > 65535)
                    throw new FormatException($"'{address}' is not HOST:PORT");
                groups.Add(new TargetGroup([target], labels));
            }
        }

        return groups;
    }

    /// <summary><c>FOR=USER@FILE,FOR=FILE,FOR=USER@env:NAME</c></summary>
    public static IReadOnlyList<MetricsCredential> Credentials(string text) => [.. Values.List(text).Select((entry, i) =>
    {
        // Nothing of the entry is shown: whoever gets this wrong may have written the secret itself.
        var equals = entry.IndexOf('=', StringComparison.Ordinal);
        if (equals < 1) throw new FormatException($"entry {i + 1} is not FOR=USER@FILE, FOR=FILE or FOR=env:NAME");
        var (target, rest) = (entry[..equals], entry[(equals + 1)..]);
        if (IsSecret(rest)) return new MetricsCredential(target, null, rest);
        var at = rest.IndexOf('@', StringComparison.Ordinal);
        if (at < 1 || !IsSecret(rest[(at + 1)..]))
            throw new FormatException($"entry {i + 1} needs USER@FILE or FILE, a path that begins with / or ., or env:NAME");
        return new MetricsCredential(target, rest[..at], rest[(at + 1)..]);
    })];

    /// <summary><c>FOR=FILE,FOR=NAME@FILE,FOR=insecure</c></summary>
    public static IReadOnlyList<MetricsTls> Tls(string text) => [.. Values.List(text).Select(entry =>
    {
        var equals = entry.IndexOf('=', StringComparison.Ordinal);
        var (target, rest) = equals < 1 ? ("", "") : (entry[..equals], entry[(equals + 1)..]);
        if (rest == "insecure") return new MetricsTls(target, null, InsecureSkipVerify: true);
        var at = rest.IndexOf('@', StringComparison.Ordinal);
        var file = rest[(at + 1)..];
        if (target.Length == 0 || at == 0 || file.Length < 2 || !(file[0] is '/' or '.' || Path.IsPathRooted(file)))
            throw new FormatException($"'{entry}' is not FOR=FILE, FOR=NAME@FILE or FOR=insecure; a FILE begins with / or .");
        return new MetricsTls(target, file, at > 0 ? rest[..at] : null);
    })];

    private static bool IsSecret(string text) =>
        text.Length > 1 && (text[0] is '/' or '.' || text.StartsWith(MetricsCredential.Variable, StringComparison.Ordinal)
            || Path.IsPathRooted(text));
}
