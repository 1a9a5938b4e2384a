using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Cli.Commands.Policy;

/// <summary>The options of a recording that a Prometheus server has.</summary>
internal sealed class PrometheusOptions(Settings settings)
{
    private readonly Option<Uri?> _server = Setting.Of<Uri?>(settings, "--prometheus",
        "A server with Prometheus' API that has the recording: what the policy reads is asked of it, with --from and --to",
        Values.PlainUrl, () => null);

    private readonly Option<DateTimeOffset?> _from = Setting.Of<DateTimeOffset?>(settings, "--from",
        "The first instant, 2026-11-24T19:00:00Z, or how long ago: 24h", text => Values.Instant(text, TimeProvider.System),
        () => null);

    private readonly Option<DateTimeOffset?> _to = Setting.Of<DateTimeOffset?>(settings, "--to",
        "The last instant, in the same way [default: now]", text => Values.Instant(text, TimeProvider.System), () => null);

    private readonly Option<string?> _match = Setting.Of<string?>(settings, "--match",
        "Label matchers of the app's instances there, job=\"web\": of prometheus and histogram metrics, and of 'up', which "
        + "counts the instances that ran", Values.Text, () => null);

    private readonly Option<string?> _app = Setting.Of<string?>(settings, "--app",
        "The app that queries mean by $app [default: the one that the policy names]", Values.Text, () => null);

    /// <summary>Gives a command the options.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_server, _from, _to, _match, _app]) command.Add(option);
    }

    /// <summary>What they say.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="files">How many recordings are given beside.</param>
    /// <exception cref="CliException">They contradict each other, or there is no recording at all.</exception>
    public ReplayOptions In(ParseResult parse, int files)
    {
        var (server, from) = (parse.GetValue(_server), parse.GetValue(_from));
        if (server is null && (from is not null || parse.GetValue(_to) is not null || parse.GetValue(_match) is not null))
            throw new CliException("--from, --to and --match are of a Prometheus server: say --prometheus URL");
        if (server is null && files == 0)
            throw new CliException("a recording is needed: a file, an address, or --prometheus URL --from 24h");
        if (server is not null && from is null)
            throw new CliException("--prometheus needs --from: 2026-11-24T19:00:00Z, or 24h for how long ago");
        return new ReplayOptions
        {
            PolicyFile = "",
            Data = [],
            Prometheus = server,
            From = from ?? default,
            To = parse.GetValue(_to) ?? TimeProvider.System.GetUtcNow(),
            Match = parse.GetValue(_match),
            App = parse.GetValue(_app),
        };
    }
}
