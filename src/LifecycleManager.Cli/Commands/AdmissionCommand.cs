using System.CommandLine;
using LifecycleManager.Cli.Commands.Operating;
using LifecycleManager.Cli.Commands.Operating.Definitions;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Scheduler.Admission;
using LifecycleManager.Security.Admission;

namespace LifecycleManager.Cli.Commands;

/// <summary><c>lcm admission</c></summary>
internal static class AdmissionCommand
{
    private const string Defaults = "default";

    public static Command Create(Settings settings) => new("admission", "Rules of what tasks may be.") { Check(settings) };

    private static Command Check(Settings settings)
    {
        var rules = new Argument<string>("rules")
        {
            Description = $"The file of rules; '{Defaults}' for those that hold beyond loopback where there is no file",
        };
        var files = new Argument<string[]>("definitions")
        {
            Description = "Apps, pods and groups, as JSON or YAML; - reads one from standard input",
            Arity = ArgumentArity.OneOrMore,
        };
        var role = Setting.Of(settings, "--framework-role", "The scheduler's role, for definitions that name none", Values.Text,
            () => "*", "*");
        var user = Setting.Of(settings, "--user", "The user that tasks run as where the app names none", Values.Text, () => "",
            "the agent's own");
        var command = new Command("check",
            "Tells what of definitions would not be admitted, without a scheduler; 2 is the exit code where something is.")
        {
            rules, files, role, user,
        };
        return command.Does(async (parse, stop) =>
        {
            var admission = Rules(parse.GetValue(rules)!);
            var found = false;
            foreach (var file in parse.GetValue(files)!)
            {
                var definition = await DefinitionFile.ReadAsync(file, stop);
                var (apps, findings) = Run(admission, definition, file, parse.GetValue(role)!, parse.GetValue(user)!);
                found |= findings.Count > 0;
                foreach (var finding in findings) await Write(parse, $"{finding.App} {finding.Path}: {finding.Message}");
                foreach (var app in apps.Except(findings.Select(finding => finding.App))) await Write(parse, $"{app}: admitted");
            }

            return found ? ExitStatus.Found : ExitStatus.Success;
        }, "lcm admission check admission.yml web.json", "lcm admission check default web.yml shop.json");
    }

    private static Task Write(ParseResult parse, string line) =>
        parse.InvocationConfiguration.Output.WriteLineAsync(SafeText.Line(line));

    private static AdmissionRules Rules(string path)
    {
        if (path == Defaults && !File.Exists(path)) return AdmissionRules.Default;
        try
        {
            return AdmissionControl.OfFile(path).Rules;
        }
        catch (FormatException e)
        {
            throw new CliException($"{SafeText.Line(path)}: {e.Message}", e);
        }
    }

    private static (IReadOnlyList<string> Apps, IReadOnlyList<AdmissionFinding> Findings) Run(
        AdmissionRules rules, System.Text.Json.Nodes.JsonNode definition, string file, string role, string user)
    {
        try
        {
            return AdmissionCheck.Run(rules, definition, role, user);
        }
        catch (FormatException e)
        {
            throw new CliException($"{SafeText.Line(file)}: {e.Message}", e);
        }
    }
}
