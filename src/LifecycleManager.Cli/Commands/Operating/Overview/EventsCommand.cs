using System.CommandLine;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands.Operating.Overview;

/// <summary><c>lcm events</c></summary>
internal static class EventsCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "events";

    private static readonly string[] Words =
    [
        "appId", "runSpecId", "groupId", "taskId", "instanceId", "taskStatus", "condition", "alive", "healthy", "host", "id",
            "uri",
        "clientIp", "reason", "message",
    ];

    public static Command Create(Settings settings)
    {
        var types = Setting.Of(settings, "--type", "Only events of these types, comma separated: deployment_failed",
            Values.Words, () => [], "all");
        var app = Setting.Of<string?>(settings, "--app",
            "Only events that name this app: /shop/web; or its end, web, where one app alone has it", Values.Text, () => null);
        var command = new Command(Name, "Follows the scheduler's events, a line each, until Ctrl-C.") { types, app };
        var cluster = new ClusterOptions(command, settings, Asked.Scheduler);
        return command.Does(async (parse, stop) =>
        {
            using var scheduler = cluster.Scheduler(parse);
            var printer = cluster.Printer(parse);
            var query = string.Concat(parse.GetValue(types)!.Select(type => "&event_type=" + Uri.EscapeDataString(type)));
            var only = parse.GetValue(app) is { } given
                ? await AppIds.FindAsync(scheduler, given, stop) : null;
            return await ServerEvents.FollowAsync(("scheduler", scheduler), "/v2/events?plan-format=light" + query, "lcm events",
                printer, (type, data) =>
                {
                    if (only is null || Names(data, only)) Write(printer, type, data);
                }, stop);
        }, "lcm events --type deployment_success,deployment_failed", "lcm events --app /shop/web --output json");
    }

    private static void Write(Printer printer, string type, JsonObject data)
    {
        switch (printer.Format)
        {
            case OutputFormat.Json: printer.Terminal.Output.WriteLine(data.ToJsonString()); break;
            case OutputFormat.Yaml:
                printer.Terminal.Output.WriteLine("---");
                YamlText.Write(data, printer.Terminal.Output);
                break;
            case OutputFormat.Name: printer.Terminal.Line(type); break;
            default:
                printer.Terminal.Line($"{data["timestamp"]}  {type}  {string.Join("  ", Facts(data))}");
                break;
        }
    }

    private static IEnumerable<string> Facts(JsonObject data)
    {
        foreach (var word in Words)
        {
            if (data[word] is JsonValue value && value.ToString() is { Length: > 0 } text) yield return $"{word}={text}";
        }
    }

    // A deployment names its apps in its plan.
    private static bool Names(JsonNode? node, string app) => node switch
    {
        JsonObject json => json.Any(field => Names(field.Value, app)),
        JsonArray array => array.Any(item => Names(item, app)),
        JsonValue value => value.TryGetValue<string>(out var text) && text == app,
        _ => false,
    };
}
