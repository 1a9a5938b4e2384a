using LifecycleManager.Cli.Commands.Operating.Output;
using Spectre.Console;

namespace LifecycleManager.Cli.Commands.Operating.Definitions;

/// <summary>How a difference is shown.</summary>
internal static class DiffText
{
    /// <summary>Writes the changes of one thing, a line each.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="id">Of what.</param>
    /// <param name="isNew">Whether it is not there yet.</param>
    /// <param name="changes">The changes.</param>
    /// <param name="note">What is to be said of one, by its path.</param>
    public static void Write(
        Terminal terminal, string id, bool isNew, IReadOnlyList<Change> changes, Func<Change, string?>? note = null)
    {
        terminal.Line(isNew ? $"{id} is new" : changes.Count == 0 ? $"{id} is as it is defined" : $"{id} changes");
        foreach (var change in changes)
        {
            var text = SafeText.Line($"  {change.Sign} {change.Text}{(note?.Invoke(change) is { } more ? $"  ({more})" : "")}");
            if (!terminal.IsTerminal) terminal.Output.WriteLine(text);
            else terminal.Console.Write(new Text(text + Environment.NewLine, new Style(
                change.Sign switch { '+' => Color.Green, '-' => Color.Red, _ => Color.Yellow })));
        }
    }
}
