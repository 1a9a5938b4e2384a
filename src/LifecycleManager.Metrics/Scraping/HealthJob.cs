using System.Text.Json;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// Asks an actuator's <c>/health</c>: the names <c>health</c> and <c>health.{component or group}</c> are 1 where that is UP and
/// else 0. It is an endpoint of its own: services leave it open where they close the metrics.
/// </summary>
internal sealed class HealthJob(ScrapeContext context, CollectedInstance instance, EndpointKey key, EndpointHints hints)
    : EndpointJob(context, instance, key, hints)
{
    private const string Whole = "health";
    private readonly Dictionary<Selection, NothingFound> _nothing = [];

    /// <summary>Whether an actuator's selector asks for health.</summary>
    public static bool IsHealth(string selector) =>
        selector.AsSpan().Trim() is var name && name.StartsWith(Whole, StringComparison.Ordinal)
        && (name.Length == Whole.Length || name[Whole.Length] is '.' or '{' or ' ');

    protected override async Task<int> ScrapeAsync(long now, CancellationToken cancellation)
    {
        var (selections, search) = (Selections, new PlaceSearch());
        var times = new RequestTimes(Context.Time, Context.Options.Timeout);
        foreach (var place in Places(ActuatorJson.Candidates(GivenPath)).ToArray())
        {
            var uri = At(ActuatorJson.Below(place, "/health"));
            BeginRound();
            Batch.Clear();
            _nothing.Clear();
            try
            {
                using var body = await GetHealthAsync(uri, cancellation);
                Instance.IsUp = StatusOf(body, null, uri) == "UP";
                FindAt(place);
                foreach (var selection in selections) await AddAsync(selection, body, uri, times, now, cancellation);
                Batch.Commit(selections, Round, now, Context.Options.MaxSamplesPerSeries, selection => _nothing[selection]);
                return selections.Length;
            }
            catch (ScrapeException e) when (e.IsOfOneAddress)
            {
                search.Fail(place, e);
            }
        }

        Lose();
        throw search.Failure(At("/"), "health below");
    }

    private async Task AddAsync(
        Selection selection, ResponseBody body, Uri uri, RequestTimes times, long now, CancellationToken cancellation)
    {
        var component = selection.Selector.Name.Length > Whole.Length ? selection.Selector.Name[(Whole.Length + 1)..] : null;
        try
        {
            // A group is not in the whole's body, but has an address of its own.
            var status = StatusOf(body, component, uri)
                ?? (component is null ? null : await GroupAsync(uri, component, times, cancellation));
            if (status is not null)
            {
                var set = selection.Set;
                lock (set.SyncRoot) Batch.Add(set, set.Get(""), new Sample(now, status == "UP" ? 1 : 0), ownTime: false);
                return;
            }

            _nothing[selection] = new NothingFound(
                $"{uri} has no component or group '{component}', or does not show it (management.endpoint.health.show-details)");
        }
        catch (ScrapeException e) when (e.IsOfOneRequest)
        {
            _nothing[selection] = new NothingFound(e.Message, IsRefused: true);
        }
    }

    private async Task<string?> GroupAsync(Uri health, string group, RequestTimes times, CancellationToken cancellation)
    {
        try
        {
            var uri = new Uri($"{health}/{string.Join('/', group.Split('/').Select(Uri.EscapeDataString))}");
            using var body = await times.AskAsync(uri, token => GetHealthAsync(uri, token), cancellation);
            return StatusOf(body, null, uri);
        }
        catch (ScrapeException e) when (e.Reason == FailureReason.NotFound)
        {
            return null;
        }
    }

    private async Task<ResponseBody> GetHealthAsync(Uri uri, CancellationToken cancellation)
    {
        var body = await GetAsync(uri, ActuatorJson.Accept, cancellation, unavailable: true);
        if (body.IsJson) return body;
        using (body) throw WrongType(uri, body, ActuatorJson.Needed);
    }

    private static string? StatusOf(ResponseBody body, string? component, Uri uri)
    {
        try
        {
            return HealthText.Status(body.Memory, component);
        }
        catch (JsonException e)
        {
            throw new ScrapeException(FailureReason.Malformed, $"{uri}: {UntrustedJson.Describe(e)}");
        }
    }
}
