using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Policy;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands;

/// <summary>What the commands of <c>lcm schedule</c> have in common: whom they ask, and how the answer is shown.</summary>
internal sealed class ScheduleClient
{
    private readonly Option<Uri> _manager;
    private readonly Option<Format>? _format;
    private readonly CallerSettings _caller;

    /// <param name="command">Gets the options.</param>
    /// <param name="settings">Reads what is set outside of the command line.</param>
    /// <param name="withOutput">Whether it shows something, as a table or as JSON.</param>
    public ScheduleClient(Command command, Settings settings, bool withOutput = false)
    {
        _manager = ManagerHttp.Option(settings, "A manager");
        command.Add(_manager);
        if (withOutput)
        {
            _format = Setting.Of(settings, "--output", "table, or json as the manager answers", Values.Among<Format>(),
                () => Format.Table, "table");
            command.Add(_format);
        }

        _caller = new CallerSettings(command, settings, "a manager");
    }

    /// <summary>Asks with a client at a manager.</summary>
    internal delegate Task<JsonNode> Ask(HttpClient http, Uri manager, CancellationToken stop);

    /// <summary>The path of a schedule, escaped.</summary>
    public static string PathOf(string name) => "/v1/schedules/" + Uri.EscapeDataString(name);

    /// <summary>Asks for what is below a schedule.</summary>
    public static Ask Get(string name, string below) =>
        (http, manager, stop) => GetAsync(http, ManagerHttp.At(manager, PathOf(name) + below), stop);

    /// <summary>Asks for all schedules, a page after the other.</summary>
    public static async Task<JsonNode> ListAsync(HttpClient http, Uri manager, CancellationToken stop)
    {
        JsonNode? all = null;
        for (var after = ""; after is not null;)
        {
            var page = await GetAsync(
                http,
                ManagerHttp.At(manager, "/v1/schedules" + (after.Length == 0 ? "" : "?after=" + Uri.EscapeDataString(after))),
                stop);
            after = (string?)page["after"];
            if (all is null) all = page;
            else foreach (var job in page["jobs"]!.AsArray().ToList()) all["jobs"]!.AsArray().Add(job!.DeepClone());
        }

        all!.AsObject().Remove("after");
        return all;
    }

    /// <summary>Asks, and shows the answer.</summary>
    public async Task<int> ShowAsync(ParseResult parse, Ask ask, Action<JsonNode, TextWriter> write, CancellationToken stop)
    {
        using var http = ManagerHttp.Create(_caller.Caller(parse));
        http.MaxResponseContentBufferSize = ManagerHttp.LongestAnswer;
        var output = parse.InvocationConfiguration.Output;
        var answer = await ask(http, parse.GetValue(_manager)!, stop);
        try
        {
            if (parse.GetValue(_format!) == Format.Json) await output.WriteLineAsync(answer.ToJsonString(ManagerHttp.Indented));
            else write(answer, output);
        }
        catch (Exception e) when (e is NullReferenceException or InvalidOperationException or FormatException)
        {
            throw new CliException($"{parse.GetValue(_manager)} did not answer with what a manager answers", e);
        }

        return ExitStatus.Success;
    }

    /// <summary>Sends something, and shows what the manager says of it.</summary>
    public async Task<int> SendAsync(
        ParseResult parse, HttpMethod method, string path, string? body, string? type, CancellationToken stop)
    {
        using var http = ManagerHttp.Create(_caller.Caller(parse));
        var address = ManagerHttp.At(parse.GetValue(_manager)!, path);
        using var request = new HttpRequestMessage(method, address);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, type!);
        var text = await SendAsync(http, request, stop);
        await parse.InvocationConfiguration.Output.WriteLineAsync(ExplainCommand.Message(text) ?? text);
        return ExitStatus.Success;
    }

    private static async Task<JsonNode> GetAsync(HttpClient http, Uri address, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        try
        {
            return JsonNode.Parse(await SendAsync(http, request, stop)) as JsonObject
                ?? throw new CliException($"{address} did not answer with an object");
        }
        catch (JsonException e)
        {
            throw new CliException($"{address} cannot be read: {e.Message}", e);
        }
    }

    private static async Task<string> SendAsync(HttpClient http, HttpRequestMessage request, CancellationToken stop)
    {
        try
        {
            using var answer = await http.SendAsync(request, stop);
            var text = await answer.Content.ReadAsStringAsync(stop);
            return answer.IsSuccessStatusCode ? text
                : throw new CliException(
                    ExplainCommand.Message(text) ?? $"{request.RequestUri} answered {(int)answer.StatusCode}");
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            throw new CliException($"{request.RequestUri} does not answer: {e.Message}", e);
        }
    }

    private enum Format
    {
        Table,
        Json,
    }
}
