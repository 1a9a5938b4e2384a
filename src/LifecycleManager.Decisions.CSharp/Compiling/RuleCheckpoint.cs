using System.ComponentModel;
using System.Runtime.CompilerServices;

namespace LifecycleManager.Decisions.CSharp.Compiling;

/// <summary>
/// Where compiled rules pass in each turn of a loop and at the beginning of each method, so that an endless loop and an endless
/// recursion end. The compiler puts the calls in; rules do not call it.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class RuleCheckpoint
{
    [ThreadStatic]
    private static CancellationToken _end;

    /// <summary>From here on, what this thread runs ends with the token.</summary>
    /// <param name="end">When its time is over.</param>
    internal static void Begin(CancellationToken end) => _end = end;

    /// <summary>Passes, unless the time is over or the stack is used up.</summary>
    /// <exception cref="OperationCanceledException">The time is over.</exception>
    /// <exception cref="InsufficientExecutionStackException">The calls are nested too deep.</exception>
    public static void Pass()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        _end.ThrowIfCancellationRequested();
    }
}
