using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands.Operating.Why;

/// <summary><c>lcm why</c></summary>
internal static class WhyCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "why";

    public static Command Create(Settings settings)
    {
        var app = AppIds.Argument();
        var command = new Command(Name,
            "Says on one screen what an app wants, has and waits for, and why: its deployment's step, each agent's refusal, its "
                + "last "
            + "failure with the end of its log, its policy's last decision, and who owns its count.")
        {
            app,
        };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler | Asked.Master | Asked.Manager);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var id = await AppIds.FindAsync(scheduler, parse.GetValue(app)!, stop);
            var facts = await WhyFacts.GatherAsync(cluster, parse, scheduler, id, stop);
            var printer = cluster.Printer(parse);
            printer.Show(Json(facts), [id], () => WhyText.Write(facts, printer.Terminal));
        }, "lcm why /shop/web", "lcm why web --output json");
    }

    private static JsonObject Json(WhyFacts facts) => new()
    {
        ["app"] = facts.AppJson.DeepClone(),
        ["deployments"] = new JsonArray([.. facts.DeploymentsJson.Select(deployment => deployment.DeepClone())]),
        ["queue"] = facts.QueueJson?.DeepClone(),
        ["lastLog"] = new JsonArray([.. facts.LastLog.Select(line => JsonValue.Create(line))]),
        ["policy"] = facts.Governed?.DeepClone(),
        ["unknown"] = new JsonArray([.. facts.Unknown.Select(line => JsonValue.Create(line))]),
    };
}
