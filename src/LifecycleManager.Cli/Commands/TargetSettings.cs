using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Scaling.Targets;

namespace LifecycleManager.Cli.Commands;

/// <summary>What is scaled, and how the manager gets there. Secrets come from files alone.</summary>
internal sealed class TargetSettings
{
    private static readonly TargetOptions Default = new();
    private readonly Option<TargetKind> _kind;
    private readonly Option<Uri?> _address;
    private readonly Option<string?> _user;
    private readonly Option<string?> _passwordFile;
    private readonly Option<string?> _tokenFile;
    private readonly Option<string?> _caFile;
    private readonly Option<string> _namespace;
    private readonly Option<string?> _selector;

    public TargetSettings(Command command, Settings settings)
    {
        _kind = Setting.Of(settings, "--target", "What is scaled: marathon (the scheduler), kubernetes, nomad or swarm",
            Values.Among<TargetKind>(),
            () => TargetKind.Marathon, "marathon");
        _address = Setting.Of<Uri?>(settings, "--target-address", "Its address", Values.Endpoint, () => null,
            "the scheduler; the cluster that the manager runs in; http://127.0.0.1:4646; unix:///var/run/docker.sock");
        _user = Text("--target-user", "The user for it, with --target-password-file");
        _passwordFile = File("--target-password-file", "A file with the user's password");
        _tokenFile =
            File("--target-token-file", "A file with a token: Kubernetes' or Marathon's bearer token, Nomad's secret id");
        _caFile = File("--target-ca-file", "A file with the certificates (PEM) that its certificate must come from");
        _namespace = Setting.Of(settings, "--target-namespace", "The namespace of Kubernetes or Nomad; * for all", Values.Text,
            () => Default.Namespace, Default.Namespace);
        _selector = Text("--target-selector", "Which of Kubernetes' deployments may be scaled at all, by label: scaled-by=lcm");
        foreach (var option in (Option[])[_kind, _address, _user, _passwordFile, _tokenFile, _caFile, _namespace, _selector])
            command.Add(option);

        Option<string?> File(string name, string description) =>
            Setting.Of<string?>(settings, name, description, Values.ReadableFile, () => null);
        Option<string?> Text(string name, string description) =>
            Setting.Of<string?>(settings, name, description, Values.Text, () => null);
    }

    public TargetOptions Options(ParseResult parse) => new()
    {
        Kind = parse.GetValue(_kind),
        Address = parse.GetValue(_address),
        User = parse.GetValue(_user),
        PasswordFile = parse.GetValue(_passwordFile),
        TokenFile = parse.GetValue(_tokenFile),
        CaFile = parse.GetValue(_caFile),
        Namespace = parse.GetValue(_namespace)!,
        LabelSelector = parse.GetValue(_selector),
    };
}
