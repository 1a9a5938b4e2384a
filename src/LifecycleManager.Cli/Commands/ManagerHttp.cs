using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using LifecycleManager.Cli.Commands.Policy;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Clients.Addresses;

namespace LifecycleManager.Cli.Commands;

/// <summary>How commands reach the manager that leads.</summary>
internal static class ManagerHttp
{
    /// <summary>The longest answer that is taken: 64 MB.</summary>
    public const int LongestAnswer = 64 * 1024 * 1024;

    /// <summary>How answers are shown as JSON.</summary>
    public static readonly JsonSerializerOptions Indented =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The option that says which manager is asked; the one of this machine where it is not given.</summary>
    public static Option<Uri> Option(Settings settings, string description) => Setting.Of(
        settings, "--manager", description, Values.Url, () => new Uri($"http://127.0.0.1:{ManagerCommand.Port}"),
        $"http://127.0.0.1:{ManagerCommand.Port}");

    /// <summary>A client that a manager which stands by leads to the one that leads; the credentials go with it.</summary>
    /// <param name="caller">Who asks.</param>
    public static HttpClient Create(Caller caller)
    {
        var redirects = new LeaderRedirectHandler { InnerHandler = caller.Saying(caller.Connections()) };
        return new HttpClient(redirects) { Timeout = ExplainCommand.Patience };
    }

    /// <summary>The path, escaped, of what a manager has of an app.</summary>
    public static string OfApp(string id, string what) =>
        $"/v1/apps/{string.Join('/', id.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.EscapeDataString))}/{what}";

    /// <summary>The address of a path, escaped, at a manager.</summary>
    public static Uri At(Uri manager, string path) => new(manager.ToString().TrimEnd('/') + path);
}
