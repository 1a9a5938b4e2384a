namespace LifecycleManager.Console.Components;

/// <summary>A field of each line of a list.</summary>
/// <param name="Label">Its name for people.</param>
/// <param name="Path">Where in a line's object it is.</param>
/// <param name="Kind">What it holds.</param>
public sealed record FormColumn(string Label, string[] Path, FieldKind Kind = FieldKind.Text)
{
    /// <summary>What it may be; any where there are none.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];
}
