namespace LifecycleManager.Scheduler.Core.Definitions.Json;

/// <summary>Collects what is wrong, and where; bounded.</summary>
internal sealed class Problems
{
    private const int MaxProblems = 100;
    private readonly List<ChangeProblem> _items = [];

    public IReadOnlyList<ChangeProblem> Items => _items;

    public bool Any => _items.Count > 0;

    public void Add(string path, string message)
    {
        if (_items.Count < MaxProblems) _items.Add(new ChangeProblem(path.Length == 0 ? "/" : path, message));
    }

    /// <summary>Adds unless it holds.</summary>
    public void Unless(bool holds, string path, string message)
    {
        if (!holds) Add(path, message);
    }

    /// <exception cref="ChangeRefusedException">Something is wrong.</exception>
    public void ThrowIfAny()
    {
        if (Any) throw new ChangeRefusedException(_items);
    }
}
