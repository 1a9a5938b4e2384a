using System.Text.Json;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Scheduler.Core.Definitions.Json;

namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary><c>unreachableStrategy</c> on the wire: <c>"disabled"</c> or an object of two times.</summary>
internal static class UnreachableNotation
{
    public const string Disabled = "disabled";
    private const double MaxWait = 100 * 365 * 86_400d;
    private static readonly string[] Fields = ["inactiveAfterSeconds", "expungeAfterSeconds"];

    /// <summary>From the canonical form; absent means Marathon's default for apps, zero and zero.</summary>
    public static UnreachableStrategy? Read(JsonElement? wire)
    {
        if (wire is not { } element) return new UnreachableStrategy(TimeSpan.Zero, TimeSpan.Zero);
        if (element.ValueKind != JsonValueKind.Object) return null;
        return new UnreachableStrategy(Seconds(element, "inactiveAfterSeconds"), Seconds(element, "expungeAfterSeconds"));
    }

    /// <summary>The canonical form.</summary>
    public static JsonElement Write(UnreachableStrategy? strategy)
    {
        if (strategy is null) return JsonDocument.Parse($"\"{Disabled}\"").RootElement.Clone();
        FormattableString text =
            $"{{\"inactiveAfterSeconds\":{strategy.InactiveAfter.TotalSeconds},\"expungeAfterSeconds\":{strategy.ExpungeAfter.TotalSeconds}}}";
        return JsonDocument.Parse(FormattableString.Invariant(text)).RootElement.Clone();
    }

    /// <summary>What was sent, where it has one of the two forms; else null, and a problem.</summary>
    public static JsonElement? Check(JsonElement? wire, string path, Problems problems)
    {
        if (wire is not { } element) return null;
        if (element.ValueKind == JsonValueKind.String && Disabled.Equals(element.GetString(), StringComparison.OrdinalIgnoreCase))
            return Write(null);
        if (element.ValueKind != JsonValueKind.Object)
        {
            problems.Add(path, $"must be \"{Disabled}\" or an object with {string.Join(" and ", Fields)}");
            return null;
        }

        var fine = true;
        foreach (var field in element.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Null) continue;
            if (!Fields.Contains(field.Name, StringComparer.Ordinal))
                problems.Add($"{path}/{field.Name}", "is not a known field" + NearestName.Hint(field.Name, Fields));
            else if (field.Value.ValueKind != JsonValueKind.Number || field.Value.GetDouble() is not (>= 0 and <= MaxWait))
                problems.Add($"{path}/{field.Name}", "must be a number of seconds, not negative");
            else continue;
            fine = false;
        }

        return fine ? element : null;
    }

    private static TimeSpan Seconds(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
            ? TimeSpan.FromSeconds(value.GetDouble()) : TimeSpan.Zero;
}
