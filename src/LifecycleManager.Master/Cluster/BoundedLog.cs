using System.Diagnostics.CodeAnalysis;

namespace LifecycleManager.Master.Cluster;

/// <summary>The newest entries by key; the oldest are forgotten. A key that is put again becomes the newest.</summary>
internal sealed class BoundedLog<TKey, TValue>
    where TKey : notnull
{
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> _nodes = [];
    private readonly LinkedList<(TKey Key, TValue Value)> _order = [];

    public int Count => _nodes.Count;

    /// <summary>Oldest first.</summary>
    public IEnumerable<TValue> Values => _order.Select(entry => entry.Value);

    public bool Contains(TKey key) => _nodes.ContainsKey(key);

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (_nodes.TryGetValue(key, out var node))
        {
            value = node.Value.Value;
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>Puts an entry.</summary>
    /// <returns>The keys that were forgotten for it.</returns>
    public IReadOnlyList<TKey> Put(TKey key, TValue value, int max)
    {
        Remove(key);
        _nodes[key] = _order.AddLast((key, value));
        if (_nodes.Count <= max) return [];
        var forgotten = new List<TKey>();
        while (_nodes.Count > max)
        {
            var oldest = _order.First!.Value.Key;
            forgotten.Add(oldest);
            Remove(oldest);
        }

        return forgotten;
    }

    public bool Remove(TKey key)
    {
        if (!_nodes.Remove(key, out var node)) return false;
        _order.Remove(node);
        return true;
    }
}
