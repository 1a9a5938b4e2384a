using System.CommandLine;
using System.Text;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary>Tells the manager that leads to do something, and writes what it says of it.</summary>
internal static class ManagerPost
{
    /// <summary>Posts; a manager that stands by leads to the one that leads.</summary>
    /// <param name="manager">Any manager.</param>
    /// <param name="path">The path, escaped.</param>
    /// <param name="json">The body; null for none.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="console">Gets what the manager says.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> SendAsync(
        Uri manager, string path, string? json, Caller caller, InvocationConfiguration console,
        CancellationToken cancellation)
    {
        using var http = ManagerHttp.Create(caller);
        var address = ManagerHttp.At(manager, path);
        try
        {
            using var body = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
            using var answer = await http.PostAsync(address, body, cancellation);
            var message = ExplainCommand.Message(await answer.Content.ReadAsStringAsync(cancellation));
            var output = answer.IsSuccessStatusCode ? console.Output : console.Error;
            output.WriteLine(message ?? $"{address} answered {(int)answer.StatusCode}");
            return answer.IsSuccessStatusCode && message is not null ? ExitCodes.Good : ExitCodes.Failed;
        }
        catch (Exception e) when (e is HttpRequestException
            || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            console.Error.WriteLine($"{address} does not answer: {e.Message}");
            return ExitCodes.Failed;
        }
    }
}
