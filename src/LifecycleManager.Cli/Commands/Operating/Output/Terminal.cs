using System.CommandLine;
using Spectre.Console;

namespace LifecycleManager.Cli.Commands.Operating.Output;

/// <summary>
/// Where a command writes. At a terminal tables fit its width and have colors, but for <c>NO_COLOR</c>; a pipe gets each line
/// whole, without colors, and nothing that moves.
/// </summary>
/// <param name="output">Standard output.</param>
/// <param name="error">Standard error.</param>
/// <param name="isTerminal">Whether somebody sits before standard output.</param>
/// <param name="isColored">Whether colors are wanted there.</param>
internal sealed class Terminal(TextWriter output, TextWriter error, bool isTerminal, bool isColored)
{
    private static readonly Dictionary<string, Color> Colors = new(StringComparer.OrdinalIgnoreCase)
    {
        ["running"] = Color.Green,
        ["healthy"] = Color.Green,
        ["up"] = Color.Green,
        ["active"] = Color.Green,
        ["deploying"] = Color.Yellow,
        ["waiting"] = Color.Yellow,
        ["starting"] = Color.Yellow,
        ["degraded"] = Color.Yellow,
        ["draining"] = Color.Yellow,
        ["drained"] = Color.Yellow,
        ["warning"] = Color.Yellow,
        ["unhealthy"] = Color.Red,
        ["failed"] = Color.Red,
        ["down"] = Color.Red,
        ["error"] = Color.Red,
        ["away"] = Color.Red,
        ["suspended"] = Color.Grey,
    };

    private IAnsiConsole? _console;

    /// <summary>Standard output.</summary>
    public TextWriter Output => output;

    /// <summary>Standard error.</summary>
    public TextWriter Error => error;

    /// <summary>Whether somebody sits before standard output.</summary>
    public bool IsTerminal => isTerminal;

    /// <summary>Spectre's view of it; loaded only for a terminal.</summary>
    public IAnsiConsole Console => _console ??= AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(output),
        Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
        ColorSystem = isColored ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
    });

    /// <summary>Where a command line writes.</summary>
    public static Terminal Of(ParseResult parse)
    {
        var (output, error) = (parse.InvocationConfiguration.Output, parse.InvocationConfiguration.Error);
        var isTerminal = ReferenceEquals(output, System.Console.Out) && !System.Console.IsOutputRedirected
            && Environment.GetEnvironmentVariable("TERM") != "dumb";
        return new Terminal(output, error, isTerminal,
            isTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")));
    }

    /// <summary>An empty screen, at a terminal that has one.</summary>
    public void Clear()
    {
        if (isTerminal && Console.Profile.Capabilities.Ansi) Console.Clear();
    }

    /// <summary>A line from ourselves, with what it quotes made safe.</summary>
    public void Line(string text) => output.WriteLine(SafeText.Line(text));

    /// <summary>A table: at a terminal in its width, else with columns as wide as what is in them.</summary>
    public void Write(Table table)
    {
        if (isTerminal) WriteAtTerminal(table);
        else WriteWhole(table);
    }

    private void WriteAtTerminal(Table table)
    {
        var grid = new Spectre.Console.Table().Border(TableBorder.None);
        foreach (var column in table.Columns)
            grid.AddColumn(new TableColumn(new Text(column, new Style(decoration: Decoration.Bold))).PadLeft(0).PadRight(2));
        foreach (var row in table.Rows)
            grid.AddRow(row.Select(
                cell => new Text(cell, Colors.TryGetValue(cell, out var color) ? new Style(color) : Style.Plain)));
        Console.Write(grid);
    }

    private void WriteWhole(Table table)
    {
        IReadOnlyList<IReadOnlyList<string>> rows = [table.Columns, .. table.Rows];
        var widths = Enumerable.Range(0, table.Columns.Count - 1).Select(column => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
            output.WriteLine(string.Join("  ", [.. widths.Select((width, i) => row[i].PadRight(width)), row[^1]]));
    }
}
