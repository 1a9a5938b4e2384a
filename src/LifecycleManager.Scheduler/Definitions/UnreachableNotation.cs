using System.Text.Json;

namespace LifecycleManager.Scheduler.Definitions;

/// <summary><c>unreachableStrategy</c> on the wire: <c>"disabled"</c> or an object of two times.</summary>
internal static class UnreachableNotation
{
    public const string Disabled = "disabled";

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

    private static TimeSpan Seconds(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
            ? TimeSpan.FromSeconds(value.GetDouble()) : TimeSpan.Zero;
}
