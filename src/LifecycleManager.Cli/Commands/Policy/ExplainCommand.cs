using System.CommandLine;
using System.Text.Json;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary><c>lcm policy explain</c></summary>
internal static class ExplainCommand
{
    /// <summary>How long a manager may take to answer: 30 s.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Command Create(Settings settings)
    {
        var app = new Argument<string>("app") { Description = "The app's id: /shop/search" };
        var at = Setting.Of<DateTimeOffset?>(settings, "--at",
            "The instant, 2026-11-24T19:00:00Z, or how long ago: 90m [default: now]",
            text => Values.Instant(text, TimeProvider.System), () => null);
        var manager = ManagerHttp.Option(settings, "The manager");
        var format = Setting.Of(settings, "--format", "text, or json as the manager answers", Values.Among<ExplainFormat>(),
            () => ExplainFormat.Text, "text");
        var command =
            new Command("explain",
                "Tells why an app's count is what it is, or was at a time: the rules, what changed their wish, and the samples behind it.")
        {
            app, at, manager, format,
        };
        var caller = new CallerSettings(command, settings, "a manager");
        command.SetAction((parse, cancellation) => RunAsync(
            parse.GetValue(manager)!, caller.Caller(parse), parse.GetValue(app)!, parse.GetValue(at),
            parse.GetValue(format), parse.InvocationConfiguration, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        Uri manager, Caller caller, string app, DateTimeOffset? at, ExplainFormat format,
        InvocationConfiguration console, CancellationToken cancellation)
    {
        using var http = ManagerHttp.Create(caller);
        http.MaxResponseContentBufferSize = ManagerHttp.LongestAnswer;
        var query = at is { } instant ? "?at=" + Uri.EscapeDataString(instant.UtcDateTime.ToString("O")) : "";
        var address = ManagerHttp.At(manager, ManagerHttp.OfApp(app, "explain") + query);
        try
        {
            using var answer = await http.GetAsync(address, cancellation);
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            if (!answer.IsSuccessStatusCode)
            {
                console.Error.WriteLine(Message(text) ?? $"{address} answered {(int)answer.StatusCode}");
                return ExitCodes.Failed;
            }

            using var explanation = JsonDocument.Parse(text);
            if (format == ExplainFormat.Json)
                console.Output.WriteLine(JsonSerializer.Serialize(explanation, ManagerHttp.Indented));
            else ExplainText.Write(explanation.RootElement, console.Output);
            return ExitCodes.Good;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            console.Error.WriteLine($"{address} cannot be read: {e.Message}");
            return ExitCodes.Failed;
        }
    }

    /// <summary>What the manager says in an answer; null where that is not to be found.</summary>
    internal static string? Message(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.GetProperty("message").GetString();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    private enum ExplainFormat
    {
        Text,
        Json,
    }
}
