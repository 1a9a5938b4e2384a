using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary><c>lcm policy init</c></summary>
internal static class InitCommand
{
    public static Command Create(Settings settings)
    {
        var app = new Argument<string>("app") { Description = "The app's id: /shop/search" };
        var kind = Setting.Of(settings, "--kind", $"What the policy does: {string.Join(", ", PolicyInit.Kinds)}", Values.Text,
            () => "target", "target");
        var output = Setting.Of<string?>(settings, "--output",
            "The file; its test is written beside it [default: standard output, without a test]",
            Values.Text, () => null);
        var command = new Command("init", "Writes a commented first policy for an app, and its test. Overwrites nothing.") { app,
            kind, output };
        command.SetAction(parse => PolicyInit.Run(
            parse.GetValue(app)!, parse.GetValue(kind)!, parse.GetValue(output), parse.InvocationConfiguration.Output,
            parse.InvocationConfiguration.Error));
        return command;
    }
}
