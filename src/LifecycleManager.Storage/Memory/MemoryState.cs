using System.Collections.Immutable;

namespace LifecycleManager.Storage.Memory;

/// <summary>What the stores and elections of one <c>memory:</c> address share.</summary>
internal sealed class MemoryState
{
    private static readonly Dictionary<string, (MemoryState State, int Users)> Named = [];
    private readonly string? _name;

    private MemoryState(string? name) => _name = name;

    public Lock Gate { get; } = new();

    public ImmutableSortedDictionary<string, StateEntry> Entries { get; set; } =
        ImmutableSortedDictionary.Create<string, StateEntry>(StateKeys.Order);

    public Dictionary<string, long> Tokens { get; } = [];

    public Dictionary<string, MemoryElection> Elections { get; } = [];

    /// <summary>
    /// A state of its own without a name; else the one of that name in this process, forgotten with its last user.
    /// </summary>
    public static MemoryState Open(string? name)
    {
        if (string.IsNullOrEmpty(name)) return new MemoryState(null);
        lock (Named)
        {
            var (state, users) = Named.GetValueOrDefault(name, (new MemoryState(name), 0));
            Named[name] = (state, users + 1);
            return state;
        }
    }

    public void Close()
    {
        if (_name is null) return;
        lock (Named)
        {
            var (state, users) = Named[_name];
            if (users == 1) Named.Remove(_name);
            else Named[_name] = (state, users - 1);
        }
    }
}

/// <summary>An election: who leads, and who waits in the order of their coming.</summary>
internal sealed class MemoryElection
{
    public Leadership? Leader { get; set; }

    public string? Address { get; set; }

    public LinkedList<MemoryCandidate> Waiting { get; } = new();
}

internal sealed record MemoryCandidate(string Address, TaskCompletionSource<Leadership> Elected, HeldLeaderships Held);
