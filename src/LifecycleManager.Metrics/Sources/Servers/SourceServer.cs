using System.Net.Http.Headers;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Scraping;

namespace LifecycleManager.Metrics.Sources.Servers;

/// <summary>A server that is asked for metrics, as the operator has named it.</summary>
internal sealed record SourceServer
{
    private static readonly string[] QueryOwn = ["query", "time", "timeout"];

    /// <summary>How many questions are under way at once where nothing is stated.</summary>
    public const int UsualConcurrency = 8;

    /// <summary>What it answers.</summary>
    public required MetricSource Source { get; init; }

    /// <summary>Its name, unique among those of its kind.</summary>
    public required string Name { get; init; }

    /// <summary>Where it is; without a secret in it. The query goes with every request.</summary>
    public required Uri Url { get; init; }

    /// <summary>All that is stated of it, as a text: equal texts are one server.</summary>
    public required string Digest { get; init; }

    /// <summary>The user; null for none.</summary>
    public string? User { get; init; }

    /// <summary>The user's password; null for none.</summary>
    public SourceSecret? Password { get; init; }

    /// <summary>The header that says who asks over HTTP; null where nobody does.</summary>
    public Func<AuthenticationHeaderValue?>? Authorization { get; init; }

    /// <summary>Headers that go with every request, such as a tenant's.</summary>
    public IReadOnlyList<KeyValuePair<string, Func<string>>> Headers { get; init; } = [];

    /// <summary>The certificates of the authorities that are trusted, as PEM; null for the system's.</summary>
    public SourceSecret? Authorities { get; init; }

    /// <summary>The client's certificate, as PEM; null for none.</summary>
    public SourceSecret? Certificate { get; init; }

    /// <summary>The certificate's key, as PEM.</summary>
    public SourceSecret? Key { get; init; }

    /// <summary>The name that the server's certificate is for; null for the address'.</summary>
    public string? TlsName { get; init; }

    /// <summary>Whether any certificate is taken.</summary>
    public bool AnyCertificate { get; init; }

    /// <summary>Some of a Kafka cluster's brokers, <c>host:port</c>; none for other kinds.</summary>
    public IReadOnlyList<string> Brokers { get; init; } = [];

    /// <summary>Whether connections to <see cref="Brokers"/> are encrypted; of the other kinds the address says so.</summary>
    public bool Tls { get; init; }

    /// <summary>How <see cref="User"/> logs in at <see cref="Brokers"/>; null where nobody does.</summary>
    public string? SaslMechanism { get; init; }

    /// <summary>Whether queries are always sent in the body.</summary>
    public bool Post { get; init; }

    /// <summary>How long an answer may take; null for as long as a scrape.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>How many questions may be under way at once.</summary>
    public int Concurrency { get; init; } = UsualConcurrency;

    /// <summary>How the operator names credentials for it, for refusals.</summary>
    public required string CredentialHint { get; init; }

    /// <summary>The address for messages: without the query, which may say more than everybody should know.</summary>
    public string Address { get; private init; } = "";

    /// <summary>The server with its <see cref="Address"/>.</summary>
    public SourceServer Named() => this with
    {
        Address = Brokers.Count > 0 ? $"kafka://{string.Join(',', Brokers)}" : Url.GetLeftPart(UriPartial.Path).TrimEnd('/'),
    };

    /// <summary>A parameter of an address that is the query's own; null where there is none.</summary>
    public static string? OwnParameter(Uri url) => url.Query.TrimStart('?').Split('&').Select(part => part.Split('=')[0])
        .FirstOrDefault(QueryOwn.Contains);

    /// <summary>The address of a path of it.</summary>
    /// <param name="path">The path, escaped; begins with a slash, may have a query.</param>
    /// <exception cref="ScrapeException">The path leads out of the server's own.</exception>
    public Uri At(string path)
    {
        if (path.Split('?')[0].Split('/').Any(part => Uri.UnescapeDataString(part) is "." or ".."))
            throw new ScrapeException(FailureReason.Configuration, $"{Address}: the path {path} leads out of the server's own");
        var root = Url.GetLeftPart(UriPartial.Path).TrimEnd('/');
        if (Url.Query.Length < 2) return new Uri(root + path);
        return new Uri($"{root}{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{Url.Query[1..]}");
    }

    /// <summary>The texts of all files that a connection rests on: other texts need another connection.</summary>
    public string[] Material() => [.. new[] { Password, Authorities, Certificate, Key }.Select(file => file?.ReadAll() ?? "")];
}
