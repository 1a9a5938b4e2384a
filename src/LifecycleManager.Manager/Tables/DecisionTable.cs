using System.Text.Json;
using LifecycleManager.Decisions.Engine;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Storage.Records;

namespace LifecycleManager.Manager.Tables;

/// <summary>The table of decisions: what they are found by, and how a decision is a row of it.</summary>
internal static class DecisionTable
{
    /// <summary>Its columns and indexes.</summary>
    public static readonly RecordSchema Schema = new("decision", ["app", "policy", "rule", "kind", "outcome"])
    {
        Facets = [new Facet("kind", Names<DecisionKind>()), new Facet("outcome", Names<DecisionOutcome>())],
        Indexes = [["app"], ["policy", "rule"], ["policy"], ["rule"]],
    };

    /// <summary>When a decision was changed last.</summary>
    public static DateTimeOffset Changed(DecisionRecord record) => record.OutcomeAt ?? record.At;

    /// <summary>A decision as a row.</summary>
    /// <param name="record">The decision.</param>
    /// <param name="term">The token of the lead that writes it.</param>
    public static TableRecord Row(DecisionRecord record, long term) => new(
        record.Id, record.At, Changed(record), term,
        [record.App, record.Policy, record.Rule, Name(record.Kind), Name(record.Outcome)],
        JsonSerializer.Serialize(record, RecordingJson.Default.DecisionRecord));

    /// <summary>The decision of a row; null where it cannot be read.</summary>
    public static DecisionRecord? Read(FoundRecord row)
    {
        try
        {
            return JsonSerializer.Deserialize(row.Body, RecordingJson.Default.DecisionRecord);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>What a filter asks of the table.</summary>
    /// <param name="filter">The filter.</param>
    /// <param name="before">Where the page begins; null for the newest.</param>
    /// <param name="limit">At most so many.</param>
    public static RecordQuery Query(DecisionFilter filter, RecordPlace? before, int limit)
    {
        var equal = new Dictionary<string, string>();
        if (filter.App is { } app) equal["app"] = app;
        if (filter.Policy is { } policy) equal["policy"] = policy;
        if (filter.Rule is { } rule) equal["rule"] = rule;
        if (filter.Kind is { } kind) equal["kind"] = Name(kind);
        if (filter.Outcome is { } outcome) equal["outcome"] = Name(outcome);
        return new RecordQuery
        {
            Equal = equal,
            Since = filter.Since,
            Until = filter.Until,
            Before = RecordPlace.Key(before),
            Limit = limit,
        };
    }

    private static string Name<T>(T value) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    private static IReadOnlyList<string> Names<T>() where T : struct, Enum => [.. Enum.GetValues<T>().Select(Name)];
}
