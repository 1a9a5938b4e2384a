using System.CommandLine;
using LifecycleManager.Cli.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace LifecycleManager.Cli.Hosting;

/// <summary>How a log line looks.</summary>
internal enum LogFormat
{
    /// <summary>A line of text.</summary>
    Text,

    /// <summary>A JSON object on a line.</summary>
    Json,
}

/// <summary>The process's log: one event a line, on standard error.</summary>
public sealed class Logging
{
    private readonly Option<LogLevel> _level;
    private readonly Option<LogFormat> _format;

    /// <summary>The options, added to a command.</summary>
    public Logging(Command command, Settings settings, LogLevel level)
    {
        _level =
            Setting.Of(settings, "--log-level", "The least level that is logged: trace, debug, information, warning, error, none",
            Values.Among<LogLevel>(), () => level, level.ToString().ToLowerInvariant());
        _format = Setting.Of(settings, "--log-format", "text or json", Values.Among<LogFormat>(), () => LogFormat.Text, "text");
        command.Add(_level);
        command.Add(_format);
    }

    /// <summary>Makes the log that the command line asks for.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="quiet">Where nobody says a level: only what goes wrong.</param>
    public ILoggerFactory Create(ParseResult parse, bool quiet = false)
    {
        var level = quiet && parse.GetResult(_level) is not { Implicit: false } ? LogLevel.Error : parse.GetValue(_level);
        var format = parse.GetValue(_format);
        return LoggerFactory.Create(logging =>
        {
            logging.SetMinimumLevel(level);
            // The web server's and the HTTP clients' own chatter says nothing that the rooms do not say better.
            logging.AddFilter("Microsoft", level < LogLevel.Warning ? LogLevel.Warning : level);
            // A role that cannot start is told by the command, once.
            logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.Critical);
            logging.AddFilter("System.Net.Http", level < LogLevel.Warning ? LogLevel.Warning : level);
            logging.AddFilter("Polly", level < LogLevel.Warning ? LogLevel.Warning : level);
            logging.AddFilter("Quartz", level < LogLevel.Warning ? LogLevel.Warning : level);
            logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
            if (format == LogFormat.Json)
                logging.AddJsonConsole(json => json.UseUtcTimestamp = true);
            else
                logging.AddSimpleConsole(text =>
                {
                    text.SingleLine = true;
                    text.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                    text.UseUtcTimestamp = true;
                    text.ColorBehavior = LoggerColorBehavior.Disabled;
                });
        });
    }
}
