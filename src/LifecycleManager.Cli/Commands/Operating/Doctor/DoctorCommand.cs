using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands.Operating.Doctor;

/// <summary><c>lcm doctor</c></summary>
internal static class DoctorCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "doctor";

    public static Command Create(Settings settings)
    {
        var command = new Command(Name,
            "Looks at the whole installation (ports, health, clocks, certificates, disks and engines, versions, deployments and "
            + "launches that do not go on, policies that govern nothing) and says what to do; 2 is the exit code where it finds "
            + "something.");
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler | Asked.Master | Asked.Manager);
        return command.Does(async (parse, stop) =>
        {
            var time = TimeProvider.System;
            var found = (await Task.WhenAll(
                RoleChecks.RolesAsync(cluster, parse, time, stop),
                KnownAsync(() => RoleChecks.AgentsAsync(cluster, parse, time, stop)),
                KnownAsync(() => WorkChecks.SchedulerAsync(cluster, parse, time, stop)),
                KnownAsync(() => WorkChecks.ManagerAsync(cluster, parse, stop))))
                .SelectMany(findings => findings).Distinct().OrderBy(
                    finding => finding.Severity, StringComparer.Ordinal).ToList();
            var printer = cluster.Printer(parse);
            printer.List(new JsonArray([.. found.Select(finding => new JsonObject
            {
                ["severity"] = finding.Severity,
                ["where"] = finding.Where,
                ["what"] = finding.What,
                ["advice"] = finding.Advice,
            })]), found.Select(finding => finding.Where), () =>
            {
                var table = new Table("SEVERITY", "WHERE", "WHAT", "WHAT TO DO");
                foreach (var finding in found) table.Add(finding.Severity, finding.Where, finding.What, finding.Advice);
                return table;
            });
            if (found.Count == 0 && printer.Format == OutputFormat.Table) printer.Terminal.Line("all is well");
            return found.Count == 0 ? ExitStatus.Success : ExitStatus.Found;
        }, "lcm doctor", "lcm doctor --context prod --output json");
    }

    // What a role that is away would tell is not known; that it is away is found already.
    private static async Task<IReadOnlyList<Finding>> KnownAsync(Func<Task<IReadOnlyList<Finding>>> look)
    {
        try
        {
            return await look();
        }
        catch (CliException e) when (e.Code == ExitStatus.Unavailable)
        {
            return [];
        }
        catch (CliException e)
        {
            return [Finding.Error("doctor", e.Message, "not all could be looked at")];
        }
    }
}
