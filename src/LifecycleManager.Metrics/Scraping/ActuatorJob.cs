using System.Text.Json;
using LifecycleManager.Metrics.Core.Windows;

namespace LifecycleManager.Metrics.Scraping;

/// <summary>
/// Scrapes the metrics of a Spring Boot actuator of any version. Where it is and which version it is, its <c>/metrics</c> tells:
/// a flat object of numbers is Boot 1.x, a list of names Boot 2 and later, of which then only the wanted metrics are asked.
/// </summary>
/// <remarks>
/// In a selector, <c>statistic</c> names the statistic of a Boot 2 metric (<c>COUNT</c>, <c>TOTAL_TIME</c>, <c>MAX</c>, ...);
/// every other matcher is a tag. A policy outlives the service's move to Boot 2: where that has no <c>gauge.servo.tpm</c>, its
/// <c>servo.tpm</c> is read; what Boot 1.x has under other names is <see cref="Boot1Metrics"/>. A metric that is
/// refused while others are answered is refused alone.
/// </remarks>
internal sealed class ActuatorJob(ScrapeContext context, CollectedInstance instance, EndpointKey key, EndpointHints hints)
    : EndpointJob(context, instance, key, hints)
{
    private readonly Dictionary<Selection, NothingFound> _nothing = [];
    private ActuatorQuery[] _queries = [];
    private string[] _names = [];
    private string[] _prefixes = [];
    private Selection[] _queriesOf = [];
    private ActuatorShape _shape;

    protected override async Task<int> ScrapeAsync(long now, CancellationToken cancellation)
    {
        var selections = Selections;
        if (!ReferenceEquals(selections, _queriesOf)) Ask(selections);
        BeginRound();
        Batch.Clear();
        _nothing.Clear();
        var times = new RequestTimes(Context.Time, Context.Options.Timeout);
        var samples = Place is { } place && _shape == ActuatorShape.Names
            ? await ReadNamesAsync(place, null, times, now, cancellation)
            : await FindAsync(times, now, cancellation);
        Batch.Commit(selections, Round, now, Context.Options.MaxSamplesPerSeries, Nothing);
        return samples;
    }

    private void Ask(Selection[] selections)
    {
        (_queries, _queriesOf) = ([.. selections.Select(selection => new ActuatorQuery(selection))], selections);
        _names = [.. _queries.SelectMany(query => (string?[])[query.Name, query.Boot2Name, .. Boot1Metrics.Names(query)])
            .OfType<string>().Distinct()];
        _prefixes = [.. _queries.SelectMany(Boot1Metrics.Prefixes).Distinct()];
    }

    private NothingFound Nothing(Selection selection) => _nothing.TryGetValue(selection, out var known) ? known
        : new NothingFound(_shape == ActuatorShape.Flat && selection.Selector.Matchers.Count > 0
            ? $"{Address} is Spring Boot 1.x, whose metrics have no tags: {selection.Key.Selector}"
            : $"{Address} has no metric {selection.Key.Selector}");

    private async Task<int> FindAsync(RequestTimes times, long now, CancellationToken cancellation)
    {
        var search = new PlaceSearch();
        foreach (var place in Places(ActuatorJson.Candidates(GivenPath)).ToArray())
        {
            ActuatorList? list;
            try
            {
                list = await ListAsync(place, now, cancellation);
            }
            catch (ScrapeException e) when (e.IsOfOneAddress)
            {
                search.Fail(place, e);
                continue;
            }

            if (list is null)
            {
                search.Fail(place, new ScrapeException(FailureReason.NotFound, "it is not there"));
                continue;
            }

            _shape = list.Shape;
            FindAt(place);
            if (list.Shape == ActuatorShape.Names) return await ReadNamesAsync(place, list, times, now, cancellation);
            await AskHealthAsync(place, times, cancellation);
            return list.Count;
        }

        Lose();
        throw search.Failure(At("/"), "actuator metrics below");
    }

    // Boot 2's metrics are documents of their own. What was there is asked straight away; for what was not, one list tells.
    private async Task<int> ReadNamesAsync(
        string place, ActuatorList? list, RequestTimes times, long now, CancellationToken cancellation)
    {
        var listed = new Lazy<Task<ActuatorList?>>(() => list is not null ? Task.FromResult<ActuatorList?>(list)
            : times.AskAsync(At(ActuatorJson.Below(place, "/metrics")), token => ListAsync(place, now, token), cancellation));
        var answers = await AskAllAsync(place, listed, times, cancellation);
        if (listed is { IsValueCreated: true, Value: { IsCompletedSuccessfully: true, Result: var answer } }
            && answer is not { Shape: ActuatorShape.Names })
        {
            // Another service has taken the address.
            Lose();
            Batch.Clear();
            return await FindAsync(times, now, cancellation);
        }

        var (answered, samples, refusal) = (0, 0, (ScrapeException?)null);
        foreach (var (query, value, refused) in answers)
        {
            if (refused is not null)
            {
                refusal ??= refused;
                _nothing[query.Selection] = new NothingFound(refused.Message, IsRefused: true);
                continue;
            }

            answered++;
            query.WasFound = value.Outcome == ActuatorOutcome.Found;
            if (query.WasFound)
            {
                Add(query, value.Value, now);
                samples++;
            }
            else
            {
                _nothing[query.Selection] = value.Outcome == ActuatorOutcome.NoTags ? WithoutTags(query, value, place)
                    : new NothingFound(
                        $"{Address} has no metric {query.Selection.Key.Selector}",
                        IsNotMadeYet: query.Selection.IsMadeByFirstCall && !query.Selection.Set.Sighting.Seen);
            }
        }

        // Nothing but refusals: it is no matter of one metric.
        if (refusal is not null && answered == 0) throw refusal;
        return samples;
    }

    /// <summary>
    /// Asks for all metrics, and for health beside them: a few at a time, and last for what did not answer, the latest of it
    /// last, so that what hangs keeps nothing from being asked for long.
    /// </summary>
    private async Task<Answer[]> AskAllAsync(
        string place, Lazy<Task<ActuatorList?>> listed, RequestTimes times, CancellationToken cancellation)
    {
        var asked = _queries.OrderBy(query => query.SilentAt).ToArray();
        var answers = new Answer[asked.Length];
        await Parallel.ForEachAsync(
            Enumerable.Range(-1, asked.Length + 1),
            new ParallelOptions { MaxDegreeOfParallelism = RequestTimes.AtOnce, CancellationToken = cancellation },
            async (i, token) =>
            {
                if (i < 0) await AskHealthAsync(place, times, token);
                else answers[i] = await AskAsync(place, asked[i], listed, times, token);
            });
        return answers;
    }

    private async Task<Answer> AskAsync(
        string place, ActuatorQuery query, Lazy<Task<ActuatorList?>> listed, RequestTimes times, CancellationToken cancellation)
    {
        ActuatorValue value = new(ActuatorOutcome.NoName, double.NaN, []);
        ScrapeException? refusal = null;
        try
        {
            if (query.KnownName is { } known) value = await ReadAsync(known);
            if (value.Outcome == ActuatorOutcome.NoName && await listed.Value is { Shape: ActuatorShape.Names, Names: var names })
            {
                query.KnownName = names.Contains(query.Name) ? query.Name
                    : query.Boot2Name is { } name && names.Contains(name) ? name : null;
                if (query.KnownName is { } found) value = await ReadAsync(found);
            }
        }
        catch (JsonException e)
        {
            refusal = Malformed(At(ActuatorJson.Below(place, "/metrics/" + query.KnownName)), e);
        }
        catch (ScrapeException e) when (e.IsOfOneRequest)
        {
            refusal = e;
        }

        if (refusal is not { Reason: FailureReason.Timeout }) query.SilentAt = 0;
        else if (refusal.WasAsked) query.SilentAt = Round;
        return new Answer(query, value, refusal);

        async Task<ActuatorValue> ReadAsync(string name) =>
            query.IsImpossible ? new ActuatorValue(ActuatorOutcome.NoTags, double.NaN, [])
                : await new ActuatorReader(GetAsync).ReadAsync(query, name);

        Task<ResponseBody?> GetAsync(string path)
        {
            var uri = At(ActuatorJson.Below(place, path));
            return times.AskAsync(uri, token => TryGetAsync(uri, token), cancellation);
        }
    }

    /// <summary>
    /// A metric that is not there with these tags. It may be one that the first call makes, and is there with no other tags
    /// either, but for those of the calls to the actuator itself. One that has been seen before is known to exist.
    /// </summary>
    private NothingFound WithoutTags(ActuatorQuery query, in ActuatorValue value, string place) => new(
        $"{Address} has no metric {query.Selection.Key.Selector}: it has {query.KnownName} with other tags or statistics",
        IsNotMadeYet: query.Selection is { IsMadeByFirstCall: true, Set.Sighting.Seen: false }
            && value.Uris.Count > 0 && value.Uris.All(uri => ManagementPath.IsBelow(uri, place)));

    // What a service has; of Boot 1.x the values are taken too. Null where there is no actuator.
    private async Task<ActuatorList?> ListAsync(string place, long now, CancellationToken cancellation)
    {
        var uri = At(ActuatorJson.Below(place, "/metrics"));
        using var body = await TryGetAsync(uri, cancellation);
        if (body is null) return null;
        try
        {
            var list = ActuatorText.ReadList(body.Bytes, _names, _prefixes);
            if (list.Shape == ActuatorShape.Flat && list.Count == 0)
                throw new ScrapeException(
                    FailureReason.Malformed, $"{uri}: neither a number nor a list of names: this is not an actuator's metric");
            if (list.Count > Context.Options.MaxSamplesPerScrape)
                throw new ScrapeException(
                    FailureReason.TooManySamples, $"{uri} has more than {Context.Options.MaxSamplesPerScrape} metrics");
            if (list.Shape == ActuatorShape.Flat)
            {
                foreach (var query in _queries)
                {
                    if (query.IsFlat && list.Values.TryGetValue(query.Name, out var value)) Add(query, value, now);
                    else if (Boot1Metrics.Read(query, list.Values) is { } same) Add(query, same, now);
                }
            }

            return list;
        }
        catch (JsonException e)
        {
            throw Malformed(uri, e);
        }
    }

    private async Task<ResponseBody?> TryGetAsync(Uri uri, CancellationToken cancellation)
    {
        try
        {
            var body = await GetAsync(uri, ActuatorJson.Accept, cancellation);
            if (body.IsJson) return body;
            using (body) throw WrongType(uri, body, ActuatorJson.Needed);
        }
        catch (ScrapeException e) when (e.Reason == FailureReason.NotFound)
        {
            return null;
        }
    }

    // Where nobody else asks for it. An actuator without health is no failure: then nothing is known.
    private async Task AskHealthAsync(string place, RequestTimes times, CancellationToken cancellation)
    {
        if (Instance is not { Target.IsChecked: false, HasHealthJob: false }) return;
        var uri = At(ActuatorJson.Below(place, "/health"));
        try
        {
            using var body = await times.AskAsync(
                uri, token => GetAsync(uri, ActuatorJson.Accept, token, unavailable: true), cancellation);
            Instance.IsUp = body.IsJson ? HealthText.Status(body.Memory, null) == "UP" : null;
        }
        catch (Exception e) when (e is ScrapeException { IsOfOneRequest: true } or JsonException)
        {
            Instance.IsUp = null;
        }
    }

    private void Add(ActuatorQuery query, double value, long now)
    {
        var set = query.Selection.Set;
        lock (set.SyncRoot) Batch.Add(set, set.Get(""), new Sample(now, value), ownTime: false);
    }

    private static ScrapeException Malformed(Uri uri, JsonException e) =>
        new(FailureReason.Malformed, $"{uri}: {UntrustedJson.Describe(e)}");

    /// <summary>What came of asking for a metric: a value, or why there was no answer.</summary>
    private readonly record struct Answer(ActuatorQuery Query, ActuatorValue Value, ScrapeException? Refusal);
}
