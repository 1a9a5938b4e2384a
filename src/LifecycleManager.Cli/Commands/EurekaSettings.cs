using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Discovery.Eureka;

namespace LifecycleManager.Cli.Commands;

/// <summary>Where Eureka is and who this process is to it: for the registrar and the collector alike.</summary>
internal sealed class EurekaSettings
{
    private readonly Option<IReadOnlyList<Uri>> _servers;
    private readonly Option<EurekaCredential?> _credential;

    /// <param name="command">Gets the options.</param>
    /// <param name="settings">Where they come from, too.</param>
    /// <param name="description">What the servers are for.</param>
    /// <param name="areOne">Whether the addresses have to have one scheme and path.</param>
    public EurekaSettings(Command command, Settings settings, string description, bool areOne = false)
    {
        _servers = Setting.Of<IReadOnlyList<Uri>>(settings, "--eureka", description,
            areOne ? Values.PlainUrls : text => [.. Values.Words(text).Select(Values.PlainUrl)], () => []);
        _credential = Setting.Of<EurekaCredential?>(settings, "--eureka-credentials",
            "Who this is to the Eureka servers: USER@FILE, or FILE for a bearer token; instead of FILE, env:NAME takes the "
            + "secret from the variable NAME",
            EurekaValues.Credential, () => null, secret: true);
        command.Add(_servers);
        command.Add(_credential);
    }

    public IReadOnlyList<Uri> Servers(ParseResult parse) => parse.GetValue(_servers)!;

    public EurekaCredential? Credential(ParseResult parse) => parse.GetValue(_credential);
}
