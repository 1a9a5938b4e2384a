namespace LifecycleManager.Runtime.Health;

/// <summary>How a loop is: its turns, and its end. Written by the loop, read by the role's health.</summary>
public sealed class LoopReport : IDisposable
{
    private readonly RoleHealth _health;
    private readonly TimeProvider _time;
    private readonly TimeSpan _longest;
    private long _turns;
    private long _turnBegan;
    private volatile string? _end;

    internal LoopReport(RoleHealth health, string name, TimeProvider time, TimeSpan longest) =>
        (_health, Name, _time, _longest) = (health, name, time, longest);

    /// <summary>The loop, for people: <c>the master's loop</c>.</summary>
    public string Name { get; }

    /// <summary>Turns that were begun.</summary>
    public long Turns => Volatile.Read(ref _turns);

    /// <summary>What is wrong with the loop: it has ended, or a turn takes too long; null where it is well.</summary>
    public string? Problem
    {
        get
        {
            if (_end is { } end) return end;
            var began = Volatile.Read(ref _turnBegan);
            return began != 0 && _time.GetElapsedTime(began) is var age && age > _longest
                ? string.Create(System.Globalization.CultureInfo.InvariantCulture,
                    $"{Name} has stood still for {age.TotalSeconds:0} s") : null;
        }
    }

    /// <summary>A turn begins.</summary>
    public void BeginTurn()
    {
        Volatile.Write(ref _turns, _turns + 1);
        Volatile.Write(ref _turnBegan, Math.Max(1, _time.GetTimestamp()));
    }

    /// <summary>The turn is done; the loop waits.</summary>
    public void EndTurn() => Volatile.Write(ref _turnBegan, 0);

    /// <summary>The loop has ended.</summary>
    /// <param name="cause">What it failed by; null where it was told to end, which is no problem.</param>
    public void End(Exception? cause)
    {
        EndTurn();
        if (cause is not null) _end = $"{Name} has failed: {cause.Message}";
    }

    /// <summary>Takes the loop out of the role's health.</summary>
    public void Dispose() => _health.Remove(this);
}
