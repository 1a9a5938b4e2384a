using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace LifecycleManager.Cli.Commands;

/// <summary>
/// <c>--help</c> with each default once, as our descriptions word it: the library adds the value as a type prints it, such as
/// <c>00:00:05</c> for 5s, and offers no way to suppress it.
/// </summary>
internal sealed partial class HelpText(HelpAction help) : SynchronousCommandLineAction
{
    /// <summary>What the rest of the command line lacks does not matter.</summary>
    public override bool ClearsParseErrors => true;

    // By command, since the library has no place for them.
    private static readonly ConditionalWeakTable<Command, string[]> Examples = [];

    /// <summary>Has a command's help end with examples.</summary>
    public static void Add(Command command, params string[] examples) => Examples.AddOrUpdate(command, examples);

    /// <summary>Puts it in the place of a command's help.</summary>
    public static RootCommand Use(RootCommand root)
    {
        foreach (var option in root.Options.OfType<HelpOption>()) option.Action = new HelpText((HelpAction)option.Action!);
        return root;
    }

    public override int Invoke(ParseResult parseResult)
    {
        var output = parseResult.InvocationConfiguration.Output;
        using var text = new StringWriter();
        parseResult.InvocationConfiguration.Output = text;
        var code = help.Invoke(parseResult);
        parseResult.InvocationConfiguration.Output = output;
        output.Write(SecondDefault().Replace(text.ToString(), "$1"));
        if (Examples.TryGetValue(parseResult.CommandResult.Command, out var examples) && examples.Length > 0)
            output.WriteLine("Examples:\n" + string.Join('\n', examples.Select(example => "  " + example)));
        return code;
    }

    [GeneratedRegex(@"( \[default: [^\]\n]*\]) \[default: [^\]\n]*\]")]
    private static partial Regex SecondDefault();
}
