using Microsoft.Extensions.Logging;

namespace LifecycleManager.Security;

/// <summary>
/// Logs callers that were refused: each cause of each peer once an hour, since a peer that is refused comes again.
/// </summary>
/// <param name="time">The clock; the system's where none is stated.</param>
public sealed partial class RefusalLog(TimeProvider? time = null)
{
    private const int MaxKnown = 1000;
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Dictionary<(string Peer, string Cause), long> _reported = [];

    /// <summary>A peer was refused.</summary>
    /// <param name="log">The log.</param>
    /// <param name="peer">Its address, without the port, which is another each time.</param>
    /// <param name="cause">Why; without secrets.</param>
    public void Refused(ILogger log, string peer, string cause)
    {
        lock (_reported)
        {
            if (_reported.TryGetValue((peer, cause), out var at) && _time.GetElapsedTime(at) < Interval) return;
            if (_reported.Count >= MaxKnown) _reported.Clear();
            _reported[(peer, cause)] = _time.GetTimestamp();
        }

        LogRefused(log, peer, cause);
    }

    [LoggerMessage(LogLevel.Warning, "{Peer} was refused: {Cause}")]
    private static partial void LogRefused(ILogger log, string peer, string cause);
}
