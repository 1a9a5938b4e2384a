using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Security;

namespace LifecycleManager.Cli.Commands;

/// <summary>Who may call a role: a file, since a command line and its variables are to be seen by others.</summary>
internal sealed class PrincipalSettings
{
    private readonly Option<Principals> _credentials;

    public PrincipalSettings(Command command, Settings settings)
    {
        _credentials = Setting.Of(settings, "--credentials",
            "A file of who may call, as Mesos has it: {\"credentials\": [{\"principal\": \"p\", \"secret\": \"s\", "
            + "\"permissions\": [\"view\", \"operate\", \"exec\", \"agent\", \"impersonate\"], \"roles\": [\"*\"], "
            + "\"groups\": {\"/shop/**\": [\"view\", \"logs\", \"files\", \"scale\", \"deploy\", \"exec\"]}, "
            + "\"until\": \"2027-01-31T00:00:00Z\"}]}",
            Security.Principals.OfFile, () => Security.Principals.Anyone, "anybody may do everything");
        command.Add(_credentials);
    }

    public Principals Principals(ParseResult parse) => parse.GetValue(_credentials)!;
}

/// <summary>
/// Who a role or a tool is to those that ask: a principal, and its secret from a file or from <c>LCM_SECRET</c>, never from the
/// command line.
/// </summary>
internal sealed class CredentialSettings
{
    private readonly Settings _settings;
    private readonly Option<string?> _principal;
    private readonly Option<string?> _secretFile;

    /// <param name="command">Gets the options.</param>
    /// <param name="settings">Where they come from, too.</param>
    /// <param name="whom">Who asks, for <c>--help</c>.</param>
    public CredentialSettings(Command command, Settings settings, string whom = "a master")
    {
        _settings = settings;
        _principal = Setting.Of<string?>(settings, "--principal", $"Who this is to {whom} that asks", Values.Text, () => null);
        _secretFile = Setting.Of<string?>(settings, "--secret-file", "A file with the principal's secret", Values.ReadableFile,
            () => null, "the variable LCM_SECRET");
        command.Add(_principal);
        command.Add(_secretFile);
    }

    /// <summary>Whether anything is said of who this is.</summary>
    public bool IsStated(ParseResult parse) => parse.GetValue(_principal) is not null || parse.GetValue(_secretFile) is not null
        || _settings.Find("secret") is not null;

    /// <summary>The credential; null where no principal is stated.</summary>
    /// <exception cref="CliException">There is a principal without a secret, or a secret without a principal.</exception>
    public Credential? Credential(ParseResult parse)
    {
        var principal = parse.GetValue(_principal);
        var file = parse.GetValue(_secretFile);
        var secret = _settings.Find("secret")?.Value;
        if (principal is null)
            return file is null && secret is null ? null : throw new CliException("a secret needs the --principal whose it is");
        if (principal.Contains(':')) throw new CliException($"--principal {principal}: a principal has no colon");
        if (file is not null) return new Credential(principal, Secrets.Follow(file));
        return string.IsNullOrEmpty(secret)
            ? throw new CliException($"--principal {principal}: its secret is missing: --secret-file, or the variable LCM_SECRET")
            : new Credential(principal, secret);
    }
}
