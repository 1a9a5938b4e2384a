using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using LifecycleManager.Cli.Commands.Operating.Contexts;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Runtime.Following;
using LifecycleManager.Security;

namespace LifecycleManager.Cli.Commands.Operating.Calls;

/// <summary>Whom an operator's command asks.</summary>
[Flags]
internal enum Asked
{
    /// <summary>The scheduler.</summary>
    Scheduler = 1,

    /// <summary>The master; and, through it, the agents.</summary>
    Master = 2,

    /// <summary>The manager.</summary>
    Manager = 4,
}

/// <summary>The options that all operators' commands have: where the roles are, who asks, how long, and how it is
/// shown.</summary>
internal sealed class ClusterOptions
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly Dictionary<Asked, Option<IReadOnlyList<Uri>>> _addresses = [];
    private readonly CallerSettings _caller;
    private readonly Option<TimeSpan> _limit;
    private readonly Option<OutputFormat>? _format;
    private readonly Option<string?> _context;
    private readonly Settings _settings;

    /// <param name="command">Gets the options.</param>
    /// <param name="settings">Where they come from, too.</param>
    /// <param name="asked">Whom it asks.</param>
    /// <param name="withOutput">Whether it shows an answer, in formats.</param>
    public ClusterOptions(Command command, Settings settings, Asked asked, bool withOutput = true)
    {
        _settings = settings;
        foreach (var role in Enum.GetValues<Asked>().Where(role => asked.HasFlag(role)))
        {
            var (name, here) = (Name(role), $"http://127.0.0.1:{Port(role)}");
            var option = Setting.Of(settings, $"--{name}", $"The {name}; of several, comma separated, the first that answers",
                Values.PlainUrls, () => [], $"the context's, or {here}");
            _addresses[role] = option;
            command.Add(option);
        }

        _limit = Setting.Of(settings, "--timeout", "How long an answer may take",
            Values.Time(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)), () => Limit, "20s");
        command.Add(_limit);
        if (withOutput)
        {
            _format = Setting.Of(settings, "--output", "table, json or yaml as the role answers, or name for the names alone",
                Values.Among<OutputFormat>(), () => OutputFormat.Table, "table");
            _format.Aliases.Add("-o");
            command.Add(_format);
        }

        _context = Setting.Of<string?>(settings, "--context", "The cluster that is meant: lcm context list", Values.Text,
            () => null, "the one in use");
        command.Add(_context);
        _caller = new CallerSettings(command, settings, "a role");
    }

    /// <summary>A role that is asked.</summary>
    public Endpoint At(ParseResult parse, Asked role) =>
        new(Name(role), $"--{Name(role)}", Addresses(parse, role), Caller(parse), parse.GetValue(_limit));

    /// <summary>Each of those that are one role, alone.</summary>
    public IEnumerable<Endpoint> Each(ParseResult parse, Asked role) => Addresses(parse, role)
        .Select(address => new Endpoint(Name(role), $"--{Name(role)}", [address], Caller(parse), parse.GetValue(_limit)));

    /// <summary>The scheduler.</summary>
    public Endpoint Scheduler(ParseResult parse) => At(parse, Asked.Scheduler);

    /// <summary>An agent, by the address that the master has of it.</summary>
    public Endpoint Agent(ParseResult parse, Uri address) =>
        new("agent", "its address at the master", [address], Caller(parse), parse.GetValue(_limit));

    /// <summary>Whether it is said where a role is: by its option, or a variable of that name.</summary>
    public bool IsStated(ParseResult parse, Asked role) => parse.GetValue(_addresses[role]) is { Count: > 0 };

    /// <summary>Where a role is: what is said, else the context's, else this machine's.</summary>
    public IReadOnlyList<Uri> Where(ParseResult parse, Asked role) => Addresses(parse, role);

    /// <summary>How the answer is shown.</summary>
    public Printer Printer(ParseResult parse) =>
        new(_format is null ? OutputFormat.Table : parse.GetValue(_format), Terminal.Of(parse));

    /// <summary>A role's name.</summary>
    public static string Name(Asked role) => role.ToString().ToLowerInvariant();

    // The numbers of the roles' commands, without what those commands are made of.
    private static int Port(Asked role) => role switch
    {
        Asked.Scheduler => SchedulerCommand.Port,
        Asked.Master => MasterCommand.Port,
        _ => ManagerCommand.Port,
    };

    // What is said, in an option or a variable; else the context's; else this machine's.
    private IReadOnlyList<Uri> Addresses(ParseResult parse, Asked role)
    {
        if (parse.GetValue(_addresses[role]) is { Count: > 0 } said) return said;
        if (Context(parse)?.Of(Name(role)) is not { } text) return [new Uri($"http://127.0.0.1:{Port(role)}")];
        try
        {
            return Values.PlainUrls(text);
        }
        catch (FormatException e)
        {
            throw new CliException($"the {Name(role)} of the context, {text}: {e.Message}", e);
        }
    }

    private Caller Caller(ParseResult parse)
    {
        var said = _caller.Caller(parse);
        if (Context(parse) is not { } context) return said;
        var isStated = _caller.IsStated(parse);
        return new Caller(
            isStated ? said.Credential : CredentialOf(context), isStated ? said.Certificate : CertificateOf(context),
            said.Authorities ?? AuthoritiesOf(context));
    }

    private static FollowedFiles<X509Certificate2>? CertificateOf(ClusterContext context) =>
        context.TlsCertificate is { } file ? CallerSettings.ReadCertificate(file, context.TlsKey) : null;

    private static FollowedFiles<X509Certificate2Collection>? AuthoritiesOf(ClusterContext context)
    {
        try
        {
            return context.TlsCa is { } file ? CallerSettings.ReadAuthorities(file) : null;
        }
        catch (FormatException e)
        {
            throw new CliException($"the authorities of the context, {context.TlsCa}: {e.Message}", e);
        }
    }

    private static Credential? CredentialOf(ClusterContext context)
    {
        if (context.Principal is not { } principal) return null;
        var secret = context.Secret ?? (context.SecretFile is { } file ? SecretOf(file) : null);
        return secret is { Length: > 0 } ? new Credential(principal, secret)
            : throw new CliException($"the context has no secret of '{principal}': 'lcm context set NAME --secret-file FILE'");
    }

    private static string SecretOf(string file)
    {
        try
        {
            return Secrets.Read(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"the secret of the context cannot be read: {e.Message}", e);
        }
    }

    private ClusterContext? Context(ParseResult parse)
    {
        var file = ContextFile.Read(ContextFile.PathOf(_settings));
        return (parse.GetValue(_context) ?? file.Current) is { } name ? ContextCommand.Find(file, name) : null;
    }
}
