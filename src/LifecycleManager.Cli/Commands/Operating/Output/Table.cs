namespace LifecycleManager.Cli.Commands.Operating.Output;

/// <summary>Rows under column headings. What is in the cells comes from outside, and is made safe where it is written.</summary>
/// <param name="columns">The headings.</param>
internal sealed class Table(params string[] columns)
{
    private readonly List<string[]> _rows = [];

    /// <summary>The headings.</summary>
    public IReadOnlyList<string> Columns => columns;

    /// <summary>The cells of each row, as many as there are columns.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Rows => _rows;

    /// <summary>Adds a row; what is null or empty is a dash.</summary>
    public Table Add(params string?[] cells)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(cells.Length, columns.Length);
        _rows.Add([.. cells.Select(cell => SafeText.Line(cell) is { Length: > 0 } text ? text : "-")]);
        return this;
    }
}
