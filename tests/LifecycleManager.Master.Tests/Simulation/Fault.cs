using Microsoft.Extensions.Logging;

namespace LifecycleManager.Master.Tests.Simulation;

/// <summary>
/// An exception at one of the points that the master's work passes: before each change of its state, each line of its log, each
/// write.
/// </summary>
/// <param name="at">The point, counted from 1; 0 for none.</param>
internal sealed class Fault(int at) : ILogger
{
    private int _left = at;

    /// <summary>Whether it has not been thrown yet.</summary>
    public bool IsArmed => _left > 0;

    /// <summary>Whether points count now.</summary>
    public bool IsOn { get; set; }

    /// <summary>Calls that were answered with it.</summary>
    public int Answered { get; set; }

    /// <summary>Passes a point.</summary>
    public void Pass()
    {
        if (IsOn && _left > 0 && --_left == 0) throw new InjectedException();
    }

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) => Pass();

    internal sealed class InjectedException() : Exception("injected");
}
