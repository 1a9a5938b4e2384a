using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using LifecycleManager.Cli.Commands.Operating;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Cli.Hosting;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Security.Joining;

namespace LifecycleManager.Cli.Commands;

/// <summary><c>lcm ca</c> and <c>lcm token</c>: the authority of a cluster, in a directory of this machine.</summary>
internal static class AuthorityCommands
{
    private static readonly TimeSpan TokenFor = TimeSpan.FromHours(1);
    private static readonly TimeSpan CertificatesFor = TimeSpan.FromDays(90);
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(10);

    /// <summary><c>lcm ca</c></summary>
    public static Command Authority(Settings settings) =>
        new("ca", "The authority of a cluster's certificates, in a directory of this machine.")
        {
            Init(settings), List(settings), Revoke(settings), Issue(settings),
        };

    /// <summary><c>lcm token</c></summary>
    public static Command Token(Settings settings) =>
        new("token", "Tokens by which processes join a cluster, once each.") { CreateToken(settings) };

    private static Command Init(Settings settings)
    {
        var directory = DirectoryOption(settings);
        var cluster = Setting.Of(
            settings, "--cluster", "The cluster's name, of a-z, 0-9 and '-'", Values.Text, () => "lcm", "lcm");
        var life = Setting.Of(settings, "--certificates-for", "How long its certificates are good for, 10s to 365d",
            Values.Time(Shortest, TimeSpan.FromDays(365)), () => CertificatesFor, "90d");
        var roles = Setting.Of<IReadOnlyList<JoinRole>>(settings, "--tokens",
            "Roles, comma separated, for which tokens are printed at once: master,scheduler,manager,agent,agent", Roles, () => [],
            "none");
        var length = LengthOption(settings);
        var command = new Command("init", "Makes an authority: its key, and the credentials of all roles, which may be changed.")
        {
            directory, cluster, life, roles, length,
        };
        return command.Does((parse, _) => Task.FromResult(Try(() =>
        {
            var path = parse.GetValue(directory)!;
            var authority = ClusterAuthority.Create(path, parse.GetValue(cluster)!, parse.GetValue(life), TimeProvider.System);
            var terminal = Terminal.Of(parse);
            terminal.Line($"the authority of '{authority.Cluster}' is in {path}, SHA-256 {authority.Digest}");
            foreach (var role in parse.GetValue(roles)!) terminal.Line(
                authority.CreateToken(role, parse.GetValue(length)).Reveal());
        })), "lcm ca init --ca-dir /var/lib/lcm/ca --cluster shop",
            "lcm ca init --tokens master,scheduler,manager,agent,agent --for 2h");
    }

    private static Command List(Settings settings)
    {
        var directory = DirectoryOption(settings);
        var format = Setting.Of(settings, "--output", "table, json, yaml or name", Values.Among<OutputFormat>(),
            () => OutputFormat.Table, "table");
        format.Aliases.Add("-o");
        var command = new Command("list", "Shows the certificates of an authority by their ends.") { directory, format };
        return command.Does((parse, _) => Task.FromResult(Try(() =>
        {
            var list = Open(parse, directory).List();
            var now = DateTimeOffset.UtcNow;
            var shown = System.Text.Json.JsonSerializer.SerializeToNode(list, IssuedCertificate.ListJson)!;
            new Printer(parse.GetValue(format), Terminal.Of(parse)).List(shown, list.Select(issued => issued.Subject), () =>
            {
                var table = new Table("SUBJECT", "UNTIL", "STATE", "SERIAL", "FROM", "HOSTS");
                foreach (var issued in list)
                {
                    table.Add(issued.Subject, issued.Until.ToString("u", CultureInfo.InvariantCulture),
                        issued.Revoked is { } revoked ? $"revoked {revoked.ToString("u", CultureInfo.InvariantCulture)}"
                            : issued.Until <= now ? "ended" : "good",
                        issued.Serial, issued.Address ?? "here", string.Join(' ', issued.Hosts));
                }

                return table;
            });
        })), "lcm ca list", "lcm ca list --ca-dir /var/lib/lcm/ca -o json");
    }

    private static Command Revoke(Settings settings)
    {
        var directory = DirectoryOption(settings);
        var which = new Argument<string>(
            "certificate")
        { Description = "A subject, node1.agent.lcm, for all of its; or a serial number" };
        var command = new Command("revoke",
            "Has certificates count no more: within a minute no role takes them for new connections, and none is renewed.")
        {
            which, directory,
        };
        return command.Does((parse, _) => Task.FromResult(Try(() =>
        {
            var found = Open(parse, directory).Revoke(parse.GetValue(which)!);
            if (found.Count == 0)
                throw new CliException(
                    $"'{SafeText.Line(parse.GetValue(which)!)}' has no certificate that counts: 'lcm ca list' shows them");
            foreach (var issued in found) Terminal.Of(parse).Line($"revoked: {issued.Subject}, {issued.Serial}");
        })), "lcm ca revoke node1.agent.lcm", "lcm ca revoke 4A21F0 --ca-dir /var/lib/lcm/ca");
    }

    private static Command Issue(Settings settings)
    {
        var directory = DirectoryOption(settings);
        var role = Setting.Of(settings, "--role", "operator, who may do everything, or viewer, who may look at everything",
            text => JoinRoles.Parse(text) is var found && !found.IsServer() ? found
                : throw new FormatException("a process joins by a token: 'lcm token create' makes one"), () =>
                    JoinRole.Operator, "operator");
        var name = new Argument<string>("name") { Description = "Whose it is: alice, prometheus" };
        var output = Setting.Of(
            settings, "--output", "A file for certificate and key (PEM)", Path.GetFullPath, () => "", "NAME.pem");
        var command = new Command("issue", "Makes a certificate for a person or a tool, for --tls-certificate of the tools.")
        {
            name, role, output, directory,
        };
        return command.Does((parse, _) => Task.FromResult(Try(() =>
        {
            var (authority, whose) = (Open(parse, directory), parse.GetValue(name)!);
            var path = parse.GetValue(output) is { Length: > 0 } stated ? stated
                : Path.GetFullPath(SafeText.Line(whose) + ".pem");
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var answer = authority.Issue(SigningRequests.Create(whose, [], key), parse.GetValue(role), null);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var file = new StreamWriter(path, options))
                file.Write($"{answer.Certificate}\n{key.ExportPkcs8PrivateKeyPem()}\n");
            Terminal.Of(parse).Line(
                $"{path}; the roles are known by {Path.Combine(parse.GetValue(directory)!, "authority.pem")}");
        })), "lcm ca issue alice", "lcm ca issue prometheus --role viewer --output /etc/prometheus/lcm.pem");
    }

    private static Command CreateToken(Settings settings)
    {
        var directory = DirectoryOption(settings);
        var roles = Setting.Of<IReadOnlyList<JoinRole>>(settings, "--role",
            "Who may join by it: master, agent, scheduler or manager; of several, comma separated, a token each", Roles, () =>
                []);
        var length = LengthOption(settings);
        var command = new Command("create", "Prints a token, which is a secret: for one process, of one role, for a while.")
        {
            roles, length, directory,
        };
        return command.Does((parse, _) => Task.FromResult(Try(() =>
        {
            if (parse.GetValue(roles) is not { Count: > 0 } stated)
                throw new CliException("--role is needed: master, agent, scheduler or manager");
            var authority = Open(parse, directory);
            foreach (var role in stated)
                Terminal.Of(parse).Line(authority.CreateToken(role, parse.GetValue(length)).Reveal());
        })), "lcm token create --role agent --for 1h", "lcm token create --role scheduler,manager --ca-dir /var/lib/lcm/ca");
    }

    private static Option<string> DirectoryOption(Settings settings) => Setting.Of(settings, "--ca-dir",
        "The authority's directory", Path.GetFullPath, () => Path.GetFullPath(Path.Combine(".lcm", "ca")), ".lcm/ca");

    private static Option<TimeSpan> LengthOption(Settings settings) => Setting.Of(settings, "--for",
        $"How long a token is good for, 1s to {DurationText.Format(JoinToken.Longest)}",
        Values.Time(TimeSpan.FromSeconds(1), JoinToken.Longest), () => TokenFor, "1h");

    private static IReadOnlyList<JoinRole> Roles(string text) => [.. Values.Words(text).Select(JoinRoles.ParseServer)];

    private static ClusterAuthority Open(ParseResult parse, Option<string> directory) =>
        ClusterAuthority.Open(parse.GetValue(directory)!, TimeProvider.System);

    /// <summary>Each failure is one line.</summary>
    private static int Try(Action work)
    {
        try
        {
            work();
            return ExitStatus.Success;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new CliException(SafeText.Line(e.Message), e);
        }
    }
}
