using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Output;

namespace LifecycleManager.Cli.Commands.Operating.Calls;

/// <summary>A stream of server-sent events whose data is JSON.</summary>
internal static class ServerEvents
{
    /// <summary>Reads until the stream ends; what is no JSON object is passed over.</summary>
    /// <param name="answer">The answer that is the stream.</param>
    /// <param name="stop">Ends the reading.</param>
    public static async IAsyncEnumerable<(string Type, string? Id, JsonObject Data)> ReadAsync(
        HttpResponseMessage answer, [EnumeratorCancellation] CancellationToken stop)
    {
        await using var body = await answer.Content.ReadAsStreamAsync(stop);
        var parser = SseParser.Create(body, static (_, bytes) => Encoding.UTF8.GetString(bytes));
        await foreach (var item in parser.EnumerateAsync(stop))
        {
            if (Parse(item.Data) is { } data) yield return (item.EventType, item.EventId, data);
        }
    }

    /// <summary>Follows a role's stream until Ctrl-C, which is its proper end.</summary>
    /// <param name="role">The role, and its name for messages.</param>
    /// <param name="path">The stream, with its query.</param>
    /// <param name="command">What follows it anew, for the message where the role ends it.</param>
    /// <param name="printer">Flushed after each event.</param>
    /// <param name="take">Gets each event's type and data.</param>
    /// <param name="stop">Ctrl-C.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="CliException">The stream cannot be opened, breaks off, or is ended by the role.</exception>
    public static async Task<int> FollowAsync(
        (string Name, Endpoint At) role, string path, string command, Printer printer, Action<string, JsonObject> take,
        CancellationToken stop)
    {
        try
        {
            using var answer = await role.At.OpenAsync(path, stop, "text/event-stream");
            await foreach (var (type, _, data) in ReadAsync(answer, stop))
            {
                take(type, data);
                await printer.Terminal.Output.FlushAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return ExitStatus.Success;
        }
        catch (Exception e) when (role.At.Lost(e) is { } told)
        {
            throw told;
        }

        throw new CliException($"the {role.Name} at {role.At.Address} has ended the stream: '{command}' follows it anew",
            code: ExitStatus.Unavailable);
    }

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
