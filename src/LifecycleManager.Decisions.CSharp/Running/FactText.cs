using System.Globalization;
using LifecycleManager.Rules;

namespace LifecycleManager.Decisions.CSharp.Running;

/// <summary>Facts for people: one line each.</summary>
internal static class FactText
{
    private const int MaxLength = 200;

    public static string Of(object fact) => fact switch
    {
        App app => string.Create(CultureInfo.InvariantCulture, $"{app} (wanted {app.Wanted}, instances {app.Instances})"),
        Group group => string.Create(CultureInfo.InvariantCulture,
            $"{group.Name} ({group.Apps.Count} apps, wanted {group.Wanted}, instances {group.Instances})"),
        IEnumerable<App> apps => string.Join(", ", apps.Select(app => app.ToString()).Order(StringComparer.Ordinal)),
        _ => OneLine(fact.ToString() ?? ""),
    };

    /// <summary>What an author's code says, as one line of at most 200 characters.</summary>
    public static string OneLine(string text) =>
        string.Concat(text.Take(MaxLength).Select(c => char.IsControl(c) ? ' ' : c));
}
