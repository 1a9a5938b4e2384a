namespace LifecycleManager.Master.Cluster;

/// <summary>
/// Counts the changes of a term's state: every method that changes some advances the mark before it does. A call that throws
/// while the mark stands has left the state as it was.
/// </summary>
/// <param name="onChange">Called before each change; for tests, which let it throw.</param>
internal sealed class ChangeMark(Action? onChange = null)
{
    /// <summary>Changes so far.</summary>
    public long Count { get; private set; }

    /// <summary>State changes from here on.</summary>
    public void Advance()
    {
        Count++;
        onChange?.Invoke();
    }
}
