using System.Net.Http.Headers;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Series;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>The kinds of endpoints an instance may have.</summary>
internal enum EndpointKind
{
    /// <summary>The metrics of Spring Boot's actuator: JSON.</summary>
    Actuator,

    /// <summary>Its health, which may be open where the metrics are not.</summary>
    Health,

    /// <summary>Prometheus or OpenMetrics text.</summary>
    Text,
}

/// <summary>An endpoint of an instance: its kind, and what a query says of it.</summary>
internal readonly record struct EndpointKey(EndpointKind Kind, ScrapeSettings? Scrape)
{
    public static EndpointKey? Of(SeriesKey key) => key.Source switch
    {
        MetricSource.Actuator => new EndpointKey(
            HealthJob.IsHealth(key.Selector) ? EndpointKind.Health : EndpointKind.Actuator, key.Scrape),
        MetricSource.Prometheus or MetricSource.Histogram => new EndpointKey(EndpointKind.Text, key.Scrape),
        _ => null,
    };
}

/// <summary>What answered at one instance of an app; its other instances try that first.</summary>
internal sealed class EndpointHints
{
    private Dictionary<(EndpointKind Kind, string? GivenPath), string> _places = [];

    public string? this[(EndpointKind Kind, string? GivenPath) key]
    {
        get => Volatile.Read(ref _places).GetValueOrDefault(key);
        set
        {
            // Scrapes of several instances may race: the loser's hint is lost, which costs another try and nothing else.
            var next = new Dictionary<(EndpointKind Kind, string? GivenPath), string>(Volatile.Read(ref _places));
            if (value is null) next.Remove(key);
            else next[key] = value;
            Volatile.Write(ref _places, next);
        }
    }
}

/// <summary>Scrapes one endpoint of one instance.</summary>
internal abstract class EndpointJob(ScrapeContext context, CollectedInstance instance, EndpointKey key, EndpointHints hints)
    : ScrapeJob(context)
{
    private readonly EndpointAddress _address = new(instance, key);
    private Selection[] _selections = [];

    public CollectedInstance Instance => instance;

    public EndpointKey Key => key;

    /// <summary>What it looks for; replaced as a whole by the owner.</summary>
    public Selection[] Selections
    {
        get => Volatile.Read(ref _selections);
        set => Volatile.Write(ref _selections, value);
    }

    public override string Id { get; } =
        $"{instance.Target.Id}|{key.Kind}|{(key.Scrape?.Port is { } port ? $":{port}" : "")}{key.Scrape?.Path}";

    public override IReadOnlyCollection<string> Apps => [instance.Target.App];

    public override string Address => _address.Text(Place ?? GivenPath ?? "/");

    /// <inheritdoc cref="EndpointAddress.GivenPath"/>
    protected string? GivenPath => _address.GivenPath;

    /// <summary>The number of the scrape under way; rises.</summary>
    protected long Round { get; private set; }

    /// <summary>The wanted samples of the scrape under way.</summary>
    protected SampleBatch Batch { get; } = new();

    /// <summary>The place where the endpoint was found last; null makes the next scrape look for it again.</summary>
    protected string? Place { get; private set; }

    /// <summary>Begins another scrape of the endpoint: its number.</summary>
    protected long BeginRound() => ++Round;

    /// <summary>The endpoint is at a place, which the app's other instances try first.</summary>
    protected void FindAt(string place)
    {
        Place = place;
        if (hints[HintKey] != place) hints[HintKey] = place;
    }

    /// <summary>The endpoint is to be looked for again.</summary>
    protected void Lose() => Place = null;

    /// <summary>
    /// The places to try, in order: where it was, where the app's other instances have it, then the usual ones.
    /// </summary>
    protected IEnumerable<string> Places(IEnumerable<string> usual)
    {
        // The first is as a rule the last: the others are looked up once it has failed.
        var hint = Place ?? hints[HintKey];
        if (hint is not null) yield return hint;
        foreach (var place in usual)
        {
            if (place != hint) yield return place;
        }
    }

    /// <summary>An address on the instance.</summary>
    /// <exception cref="ScrapeException">The instance has no such port, or the app's labels are wrong.</exception>
    protected Uri At(string pathAndQuery) => _address.At(pathAndQuery);

    /// <summary>Gets a body of the instance, as it is told who asks, and known to be itself.</summary>
    /// <exception cref="ScrapeException">It failed; what can be done about it is said.</exception>
    protected async Task<ResponseBody> GetAsync(
        Uri uri, string accept, CancellationToken cancellation, bool unavailable = false)
    {
        var credential = Credential();
        try
        {
            return await Context.Client.SendAsync(
                new ScrapeRequest(uri, accept)
                {
                    Credential = credential,
                    Redirects = RedirectRule.ToItself,
                    TakesUnavailable = unavailable,
                    Tls = Context.Tls.For(instance.Target.App) ?? instance.App.Labels.Tls,
                    ToldTimeout = Context.Options.Timeout,
                },
                cancellation);
        }
        catch (ScrapeException e) when (e.Status is 401 or 403)
        {
            throw e.With(credential is null
                ? ": name credentials by --metrics-credentials"
                : ": the credentials that --metrics-credentials names are refused");
        }
    }

    /// <summary>That an answer's type is another.</summary>
    protected static ScrapeException WrongType(Uri uri, ResponseBody body, string needed) => new(
        FailureReason.ContentType, body.ContentType.Length == 0
            ? $"{uri} answered without a content type where {needed} is needed"
            : $"{uri} answered {body.MediaType} where {needed} is needed");

    private AuthenticationHeaderValue? Credential() => key.Scrape?.Credentials is not { } name
        ? Context.Credentials.For(instance.Target.App)
        : Context.Credentials.For(name) ?? throw new ScrapeException(
            FailureReason.Configuration, $"the policy names the credentials '{name}', which the manager was not given");

    // Instances share what was found only where they were told the same path.
    private (EndpointKind Kind, string? GivenPath) HintKey => (key.Kind, GivenPath);
}
