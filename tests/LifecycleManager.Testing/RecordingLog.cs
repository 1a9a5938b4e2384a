using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace LifecycleManager.Testing;

/// <summary>Keeps what is logged, of information and above.</summary>
public sealed class RecordingLog : ILoggerFactory, ILogger, ILoggerProvider
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>Kills whoever logs a line with this text; null for nobody.</summary>
    public string? Kills { get; set; }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (Kills is { } text && formatter(state, exception).Contains(text, StringComparison.Ordinal))
            throw new InvalidDataException("killed");
        if (IsEnabled(logLevel))
            _lines.Enqueue($"{logLevel}: {formatter(state, exception)}{(exception is null ? "" : "\n" + exception)}");
    }

    public void Dispose()
    {
    }
}
