using System.CommandLine;
using LifecycleManager.Cli.Commands.Operating;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Metrics;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary><c>lcm policy init</c></summary>
internal static class InitCommand
{
    public static Command Create(Settings settings)
    {
        var app = new Argument<string?>("app")
        {
            Description = "The app's id: /shop/search",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var kind = Setting.Of<string?>(settings, "--kind", $"What the policy does: {string.Join(", ", PolicyInit.Kinds)}",
            Values.Text, () => null, PolicyInit.DefaultKind);
        var from = Setting.Of<string?>(settings, "--from",
            "A running app, /shop/search: what its instances tell decides the kind, and their present values are told. The "
            + "manager looks at it; where --scheduler is said, or no manager runs here, this command does",
            Values.Text, () => null);
        var output = Setting.Of<string?>(settings, "--output",
            "The file; its test is written beside it [default: standard output, without a test]",
            Values.Text, () => null);
        var credentials = Setting.Of(settings, "--metrics-credentials",
            "Who this command is where it looks itself, as 'lcm manager' has it: FOR=USER@FILE or FOR=FILE, comma separated; FOR "
            + "is an app's id, scheduler or agents",
            MetricsValues.Credentials, () => [], secret: true);
        var command = new Command("init", "Writes a commented first policy for an app, and its test. Overwrites nothing.")
        {
            app, kind, from, output, credentials,
        };
        var cluster = new ClusterOptions(command, settings, Asked.Manager | Asked.Scheduler | Asked.Master, withOutput: false);
        command.SetAction(async (parse, stop) =>
        {
            var (console, file) = (parse.InvocationConfiguration, parse.GetValue(output));
            if (parse.GetValue(from) is { } running)
            {
                if (parse.GetValue(app) is not null || parse.GetValue(kind) is not null)
                    throw new CliException("--from names the app, and finds the kind by itself: leave out the others");
                if (!PolicyInit.IsId(running, console.Error)) return ExitCodes.Failed;
                var look = new LookAtApp(cluster, parse, parse.GetValue(credentials)!);
                return await look.RunAsync(running, file, console, stop);
            }

            if (parse.GetValue(app) is { } id)
                return PolicyInit.Run(id, parse.GetValue(kind) ?? PolicyInit.DefaultKind, file, console.Output, console.Error);
            throw new CliException("an app is needed: lcm policy init /shop/search, or --from /shop/search for one that runs");
        });
        HelpText.Add(command, "lcm policy init /shop/search --kind requests --output rules/search.yml",
            "lcm policy init --from /shop/search");
        return command;
    }
}
