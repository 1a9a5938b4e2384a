using Microsoft.Extensions.Logging;

namespace LifecycleManager.Console.Live;

/// <summary>Says that it is time to look again: a role's stream of events, followed while a page is open.</summary>
/// <param name="follow">Follows the stream until cancelled, and calls what it is given with each event.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of defects.</param>
internal sealed class Signal(Func<Action, CancellationToken, Task> follow, TimeProvider time, ILogger log)
    : WhileFollowed(time, log)
{
    protected override Task RunAsync(CancellationToken cancellation) => follow(Tell, cancellation);
}
