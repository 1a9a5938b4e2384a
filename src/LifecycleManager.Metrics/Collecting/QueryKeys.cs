using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Metrics.Series;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>What an app's query asks for once the app's id and labels are filled in.</summary>
/// <param name="Key">What identifies the data.</param>
/// <param name="Problem">Why they cannot be filled in; null where they are.</param>
internal readonly record struct QueryKey(SeriesKey Key, string? Problem)
{
    /// <summary>The key of a query of an app.</summary>
    /// <param name="query">The query.</param>
    /// <param name="app">The absolute app id.</param>
    /// <param name="labels">The app's labels; null for none.</param>
    public static QueryKey Of(MetricQuery query, string app, IReadOnlyDictionary<string, string>? labels)
    {
        var key = SeriesKey.Of(query);
        if (!query.HasServer) return new QueryKey(key, null);
        if (Fill(query.Selector, QueryTemplate.LanguageOf(query), out var selector) is { } wrong) return new QueryKey(key, wrong);
        if (query.From?.Group is not { } stated) return new QueryKey(key with { Selector = selector }, null);
        return Fill(stated, TemplateLanguage.Name, out var group) is { } wrongGroup
            ? new QueryKey(key, wrongGroup)
            : new QueryKey(key with { Selector = selector, From = query.From with { Group = group } }, null);

        string? Fill(string text, TemplateLanguage language, out string filled)
        {
            filled = text;
            if (!text.Contains('$', StringComparison.Ordinal)) return null;
            try
            {
                return QueryTemplate.Parse(text, language).TryExpand(app, labels, out filled, out var problem) ? null : problem;
            }
            catch (TemplateException e)
            {
                return $"{e.Message}{(e.Suggestion is null ? "" : $" ({e.Suggestion})")}";
            }
        }
    }
}
