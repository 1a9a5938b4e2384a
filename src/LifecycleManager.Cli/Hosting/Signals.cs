using System.Runtime.InteropServices;
using LifecycleManager.Cli.Commands;

namespace LifecycleManager.Cli.Hosting;

/// <summary>Ctrl-C and SIGTERM as a cancellation; the second one ends the process at once.</summary>
public sealed class Signals : IDisposable
{
    // Never disposed of: a signal may come while all else is.
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _registrations;

    /// <summary>Begins to listen.</summary>
    public Signals() => _registrations =
        [PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle)];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_stop.IsCancellationRequested)
        {
            System.Console.Error.WriteLine("lcm: ended at once by a second signal");
            Environment.Exit(ExitStatus.Interrupted);
        }

        // Not on the thread of the signals: what is told may take its time, and may fail.
        _ = _stop.CancelAsync();
    }
}
