using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Security;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary><c>lcm policy end</c></summary>
internal static class EndCommand
{
    public static Command Create(Settings settings)
    {
        var name = new Argument<string>("name") { Description = "The policy's name" };
        var manager = Setting.Of(settings, "--manager", "The manager that leads", Values.Url,
            () => new Uri($"http://127.0.0.1:{ManagerCommand.Port}"), $"http://127.0.0.1:{ManagerCommand.Port}");
        var command = new Command("end",
            "Ends a policy that is in force though its file is gone, as where the last file of the directory was deleted, "
            + "and gives its counts back. The same file, should it come back, puts it in force again.")
        {
            name, manager,
        };
        var credential = new CredentialSettings(command, settings, "a manager");
        command.SetAction((parse, cancellation) => RunAsync(
            parse.GetValue(manager)!, credential.Credential(parse), parse.GetValue(name)!, parse.InvocationConfiguration,
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        Uri manager, Credential? credential, string name, InvocationConfiguration console, CancellationToken cancellation)
    {
        using var http = new HttpClient { Timeout = ExplainCommand.Patience };
        http.DefaultRequestHeaders.Authorization = credential?.Header;
        var address = new Uri($"{manager.ToString().TrimEnd('/')}/v1/policies/{Uri.EscapeDataString(name)}/end");
        try
        {
            using var answer = await http.PostAsync(address, null, cancellation);
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
