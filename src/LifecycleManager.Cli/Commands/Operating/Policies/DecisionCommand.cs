using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands.Operating.Policies;

/// <summary><c>lcm decision</c></summary>
internal static class DecisionCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "decision";

    private static readonly string[] Columns = ["AT", "APP", "COUNT", "KIND", "OUTCOME", "POLICY", "RULE", "WHY"];

    public static Command Create(Settings settings) =>
        new(Name, "Lists and follows what policies have decided.") { List(settings), Watch(settings) };

    private static Command List(Settings settings)
    {
        var app = App(settings);
        var limit = Setting.Of(settings, "--limit", "The most, 1 to 200", Values.Count(1, 200), () => 20, "20");
        var since = Setting.Of<DateTimeOffset?>(settings, "--since",
            "Only from then on: 2026-11-24T19:00:00Z, or how long ago: 90m", text => Values.Instant(text, TimeProvider.System),
            () => null);
        var command = new Command("list", "Lists the last decisions, the newest first, with who decided what and why.")
        {
            app, limit, since,
        };
        var cluster = new ClusterOptions(command, settings, Asked.Manager);
        return command.Does(async (parse, stop) =>
        {
            using var manager = cluster.At(parse, Asked.Manager);
            var answer = await manager.GetAsync($"/v1/decisions?limit={parse.GetValue(limit)}"
                + (await OfAppAsync(manager, parse.GetValue(app), stop) is { } id ? "&" + id : "")
                + (parse.GetValue(since) is { } from ? "&since=" + Uri.EscapeDataString(from.UtcDateTime.ToString("O")) : ""),
                    stop);
            var decisions = answer["decisions"]!.AsArray().OfType<JsonObject>().ToList();
            cluster.Printer(parse).List(answer, decisions.Select(decision => $"{decision["id"]}"), () =>
            {
                var table = new Table(Columns);
                foreach (var decision in decisions) table.Add(Cells(decision));
                return table;
            });
        }, "lcm decision list --app /shop/web --since 2h", "lcm decision list --output json");
    }

    private static Command Watch(Settings settings)
    {
        var app = App(settings);
        var command = new Command("watch", "Follows decisions as they are made and settled, a line each, until Ctrl-C.") { app };
        var cluster = new ClusterOptions(command, settings, Asked.Manager);
        return command.Does(async (parse, stop) =>
        {
            using var manager = cluster.At(parse, Asked.Manager);
            var printer = cluster.Printer(parse);
            var query = await OfAppAsync(manager, parse.GetValue(app), stop) is { } id ? "?" + id : "";
            return await ServerEvents.FollowAsync(("manager", manager), "/v1/decisions/stream" + query, "lcm decision watch",
                printer, (_, decision) =>
                {
                    if (printer.Format == OutputFormat.Json) printer.Terminal.Output.WriteLine(decision.ToJsonString());
                    else if (printer.Format == OutputFormat.Table) printer.Terminal.Line(string.Join("  ", Cells(decision)));
                    else printer.Show(decision, [$"{decision["id"]}"], () => { });
                }, stop);
        }, "lcm decision watch", "lcm decision watch --app /shop/web --output json");
    }

    private static string[] Cells(JsonObject decision) =>
    [
        $"{decision["at"]}", $"{decision["app"]}", $"{decision["from"]} -> {decision["to"]}", $"{decision["kind"]}",
        $"{decision["outcome"]}{((bool?)decision["dryRun"] == true ? " (dry run)" : "")}", $"{decision["policy"]}",
        $"{decision["rule"]}", $"{decision["outcomeReason"] ?? decision["reason"]}",
    ];

    private static async Task<string?> OfAppAsync(Endpoint manager, string? given, CancellationToken stop) => given is null
        ? null
        : "app=" + Uri.EscapeDataString(await AppIds.FindAtManagerAsync(manager, given, stop));

    private static Option<string?> App(Settings settings) =>
        Setting.Of<string?>(settings, "--app",
            "Only of this app: /shop/web; or its end, web, where one app alone has it", Values.Text, () => null);
}
