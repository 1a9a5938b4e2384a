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
/// <c>servo.tpm</c> is read. A metric that is refused while others are answered is refused alone.
/// </remarks>
internal sealed class ActuatorJob(ScrapeContext context, CollectedInstance instance, EndpointKey key, EndpointHints hints)
    : EndpointJob(context, instance, key, hints)
{
    private readonly Dictionary<Selection, NothingFound> _nothing = [];
    private ActuatorQuery[] _queries = [];
    private Selection[] _queriesOf = [];
    private ActuatorShape _shape;

    protected override async Task<int> ScrapeAsync(long now, CancellationToken cancellation)
    {
        var selections = Selections;
        if (!ReferenceEquals(selections, _queriesOf))
            (_queries, _queriesOf) = ([.. selections.Select(selection => new ActuatorQuery(selection))], selections);
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
        var (answered, samples, refusal) = (0, 0, (ScrapeException?)null);
        var named = _queries.Where(query => query.KnownName is not null).ToList();
        var known = await AskAsync(place, named, named.Count > 0, times, cancellation);
        var lost = _queries.Where(query => query.KnownName is null)
            .Concat(known.Where(answer => !Take(answer)).Select(answer => answer.Query)).ToList();
        if (lost.Count > 0 && list is null)
        {
            try
            {
                list = await times.AskAsync(
                    At(ActuatorJson.Below(place, "/metrics")), token => ListAsync(place, now, token), cancellation);
            }
            catch (ScrapeException e) when (e.IsOfOneRequest && answered > 0)
            {
                foreach (var query in lost) Refuse(query, e);
                return samples;
            }

            if (list is not { Shape: ActuatorShape.Names })
            {
                // Another service has taken the address.
                Lose();
                Batch.Clear();
                return await FindAsync(times, now, cancellation);
            }
        }

        foreach (var query in lost)
        {
            query.KnownName = list!.Names.Contains(query.Name) ? query.Name
                : query.Boot2Name is { } name && list.Names.Contains(name) ? name : null;
        }

        var found = await AskAsync(
            place, lost.Where(query => query.KnownName is not null), named.Count == 0, times, cancellation);
        var taken = found.Where(Take).Select(answer => answer.Query).ToHashSet();
        foreach (var query in lost.Where(query => !taken.Contains(query)))
        {
            answered++;
            _nothing[query.Selection] = new NothingFound(
                $"{Address} has no metric {query.Selection.Key.Selector}",
                IsNotMadeYet: query.Selection.IsMadeByFirstCall && !query.Selection.Set.Sighting.Seen);
        }

        // Nothing but refusals: it is no matter of one metric.
        if (refusal is not null && answered == 0) throw refusal;
        return samples;

        // False where there is no metric of that name.
        bool Take(Answer answer)
        {
            var (query, value, refused) = answer;
            if (refused is not null)
            {
                Refuse(query, refused);
                return true;
            }

            query.WasFound = value.Outcome == ActuatorOutcome.Found;
            if (value.Outcome == ActuatorOutcome.NoName) return false;
            answered++;
            if (!query.WasFound)
            {
                _nothing[query.Selection] = WithoutTags(query, value, place);
                return true;
            }

            Add(query, value.Value, now);
            samples++;
            return true;
        }

        void Refuse(ActuatorQuery query, ScrapeException e)
        {
            refusal ??= e;
            _nothing[query.Selection] = new NothingFound(e.Message, IsRefused: true);
        }
    }

    /// <summary>
    /// Asks for metrics whose names are known, and beside them for health: a few at a time, and last for what did not answer the
    /// last time, so that what hangs delays the others once at most.
    /// </summary>
    private async Task<Answer[]> AskAsync(
        string place, IEnumerable<ActuatorQuery> queries, bool withHealth, RequestTimes times, CancellationToken cancellation)
    {
        var asked = queries.OrderBy(query => query.WasSilent).ToArray();
        var answers = new Answer[asked.Length];
        await Parallel.ForEachAsync(
            Enumerable.Range(withHealth ? -1 : 0, asked.Length + (withHealth ? 1 : 0)),
            new ParallelOptions { MaxDegreeOfParallelism = RequestTimes.AtOnce, CancellationToken = cancellation },
            async (i, token) =>
            {
                if (i < 0) await AskHealthAsync(place, times, token);
                else answers[i] = await AskAsync(place, asked[i], times, token);
            });
        return answers;
    }

    private async Task<Answer> AskAsync(
        string place, ActuatorQuery query, RequestTimes times, CancellationToken cancellation)
    {
        ActuatorValue value = default;
        ScrapeException? refusal = null;
        try
        {
            value = query.IsImpossible ? default(ActuatorValue) with { Outcome = ActuatorOutcome.NoTags, Uris = [] }
                : await new ActuatorReader(GetAsync).ReadAsync(query, query.KnownName!);
        }
        catch (JsonException e)
        {
            refusal = Malformed(At(ActuatorJson.Below(place, "/metrics/" + query.KnownName)), e);
        }
        catch (ScrapeException e) when (e.IsOfOneRequest)
        {
            refusal = e;
        }

        query.WasSilent = refusal is { Reason: FailureReason.Timeout, WasAsked: true };
        return new Answer(query, value, refusal);

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
            var names = _queries.SelectMany(query => (string?[])[query.Name, query.Boot2Name]).OfType<string>().Distinct();
            var list = ActuatorText.ReadList(body.Bytes, [.. names]);
            if (list.Shape == ActuatorShape.Flat && list.Count == 0)
                throw new ScrapeException(
                    FailureReason.Malformed, $"{uri}: neither a number nor a list of names: this is not an actuator's metric");
            if (list.Count > Context.Options.MaxSamplesPerScrape)
                throw new ScrapeException(
                    FailureReason.TooManySamples, $"{uri} has more than {Context.Options.MaxSamplesPerScrape} metrics");
            if (list.Shape == ActuatorShape.Flat)
            {
                foreach (var query in _queries.Where(query => query.IsFlat))
                {
                    if (list.Values.TryGetValue(query.Name, out var value)) Add(query, value, now);
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
