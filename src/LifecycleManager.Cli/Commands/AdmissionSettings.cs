using System.CommandLine;
using System.Net;
using LifecycleManager.Agent;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Security.Admission;

namespace LifecycleManager.Cli.Commands;

/// <summary>What tasks may be, for the roles that start them.</summary>
internal sealed class AdmissionSettings
{
    private readonly Option<AdmissionControl?> _admission;

    public AdmissionSettings(Command command, Settings settings)
    {
        _admission = Setting.Of<AdmissionControl?>(settings, "--admission",
            "A file of rules, in YAML or JSON, of what tasks may be: privileged, with which volumes, users, images, parameters",
            AdmissionControl.OfFile, () => null,
            "everything; where other machines reach this role or its master, nothing that gives root on the machine");
        command.Add(_admission);
    }

    /// <summary>The rules.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="listen">Where the role listens.</param>
    /// <param name="masters">Its masters.</param>
    public AdmissionControl Control(ParseResult parse, IPAddress listen, IReadOnlyList<Uri> masters) =>
        parse.GetValue(_admission) ?? AdmissionControl.Of(
            IPAddress.IsLoopback(listen) && masters.All(TaskUsers.IsOfThisMachine) ? AdmissionRules.Open
                : AdmissionRules.Default);
}
