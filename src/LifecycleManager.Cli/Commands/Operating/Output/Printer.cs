using System.Text.Json.Nodes;

namespace LifecycleManager.Cli.Commands.Operating.Output;

/// <summary>Shows an answer in the format that is asked for.</summary>
/// <param name="format">The format.</param>
/// <param name="terminal">Where to.</param>
internal sealed class Printer(OutputFormat format, Terminal terminal)
{
    /// <summary>The format.</summary>
    public OutputFormat Format => format;

    /// <summary>Where to.</summary>
    public Terminal Terminal => terminal;

    /// <summary>Shows a list.</summary>
    /// <param name="json">The answer.</param>
    /// <param name="names">The names of what is in it.</param>
    /// <param name="table">The same as rows; made only where it is shown.</param>
    public void List(JsonNode json, IEnumerable<string> names, Func<Table> table) =>
        Show(json, names, () => terminal.Write(table()));

    /// <summary>Shows one thing.</summary>
    /// <param name="json">The answer.</param>
    /// <param name="names">Its name, or those of what is in it.</param>
    /// <param name="text">Writes it for people; called only where it is shown.</param>
    public void Show(JsonNode json, IEnumerable<string> names, Action text)
    {
        switch (format)
        {
            case OutputFormat.Json: terminal.Output.WriteLine(json.ToJsonString(ManagerHttp.Indented)); break;
            case OutputFormat.Yaml: YamlText.Write(json, terminal.Output); break;
            case OutputFormat.Name:
                foreach (var name in names) terminal.Line(name);
                break;
            default: text(); break;
        }
    }
}
