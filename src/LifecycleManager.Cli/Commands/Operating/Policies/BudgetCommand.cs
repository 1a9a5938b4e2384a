using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands.Operating.Policies;

/// <summary><c>lcm budget</c></summary>
internal static class BudgetCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "budget";

    private static readonly string[] Kinds = ["instances", "cpus", "memory", "cost"];

    public static Command Create(Settings settings)
    {
        var command = new Command(Name, "Shows the budgets of policies: what apps may have together, and what is used of it.");
        var cluster = new ClusterOptions(command, settings, Asked.Manager);
        return command.Does(async (parse, stop) =>
        {
            using var manager = cluster.At(parse, Asked.Manager);
            var budgets = (await manager.GetAsync("/v1/policies", stop))["budgets"]!.AsArray().OfType<JsonObject>().ToList();
            cluster.Printer(parse).List(new JsonArray([.. budgets.Select(budget => budget.DeepClone())]),
                budgets.Select(budget => $"{budget["name"]}"), () =>
            {
                var table = new Table("BUDGET", "APPS", "INSTANCES", "CPUS", "MEMORY", "COST", "STATE", "PLACE");
                foreach (var budget in budgets)
                    table.Add([$"{budget["name"]}", $"{budget["apps"]}", .. Kinds.Select(kind => Used(budget, kind)),
                        $"{budget["state"]}", $"{budget["place"]}"]);
                return table;
            });
        }, "lcm budget", "lcm budget --output json");
    }

    private static string Used(JsonObject budget, string kind) => (double?)budget[kind] is { } of
        ? $"{Times.Amount((double?)budget["used"]?[kind])} of {Times.Amount(of)}" : "-";
}
