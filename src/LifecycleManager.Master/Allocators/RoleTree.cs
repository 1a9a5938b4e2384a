using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Allocators;

/// <summary>
/// The roles as a tree (<c>eng/web</c> below <c>eng</c>) with what each subtree has, to walk in the order of dominant shares:
/// the child with the least share over its weight comes first. After A. Ghodsi et al., "Dominant Resource Fairness", NSDI 2011,
/// made hierarchical as Mesos does: a role that has both frameworks and children competes with its children as a leaf.
/// </summary>
internal sealed class RoleTree
{
    private readonly Quantities _total;
    private readonly Node _root = new("", null, 1, false);
    private readonly Dictionary<string, Node> _leaves = new(StringComparer.Ordinal);
    private readonly List<RoleQueue> _order = [];
    private bool _sorted;

    public RoleTree(AllocationRequest request)
    {
        _total = request.Total;
        foreach (var (role, allocated) in request.AllocatedByRole)
        {
            var leaf = Leaf(role, request);
            leaf.Allocated.Add(allocated);
        }

        foreach (var framework in request.Frameworks)
        {
            foreach (var role in framework.Roles)
            {
                var leaf = Leaf(role, request);
                leaf.Queue ??= new RoleQueue(role, leaf);
                leaf.Queue.Add(framework, _total);
            }
        }

        Roll(_root);
    }

    /// <summary>The roles in which somebody wants offers, least share first. Valid until the next <see cref="Give"/>.</summary>
    public IReadOnlyList<RoleQueue> Order()
    {
        if (_sorted) return _order;
        _order.Clear();
        Walk(_root);
        _sorted = true;
        return _order;
    }

    /// <summary>Notes that a framework was given something.</summary>
    public void Give(RoleQueue queue, Candidate to, ResourceSet resources)
    {
        to.Give(resources, _total);
        queue.Resort();
        for (var node = queue.Leaf; node is not null; node = node.Parent)
        {
            node.Allocated.Add(resources);
            node.Update(_total);
        }

        _sorted = false;
    }

    private Node Leaf(string role, AllocationRequest request)
    {
        if (_leaves.TryGetValue(role, out var known)) return known;
        var node = _root;
        var from = 0;
        while (from <= role.Length)
        {
            var slash = role.IndexOf('/', from);
            var end = slash < 0 ? role.Length : slash;
            node = node.Child(role[..end], request);
            from = end + 1;
        }

        return _leaves[role] = node.OwnLeaf();
    }

    private void Roll(Node node)
    {
        foreach (var child in node.Children)
        {
            Roll(child);
            node.Allocated.Add(child.Allocated);
        }

        node.Update(_total);
    }

    private void Walk(Node node)
    {
        if (node.Queue is not null) _order.Add(node.Queue);
        node.Children.Sort(Node.BySharesThenNames);
        foreach (var child in node.Children) Walk(child);
    }

    /// <summary>A role or an inner node of the tree.</summary>
    internal sealed class Node(string name, Node? parent, double weight, bool own)
    {
        private double _share;

        public static readonly Comparison<Node> BySharesThenNames = (a, b) =>
            a._share != b._share ? a._share.CompareTo(b._share) : string.CompareOrdinal(a.Name, b.Name);

        public string Name { get; } = name;

        public Node? Parent { get; } = parent;

        public List<Node> Children { get; } = [];

        public Quantities Allocated { get; } = new();

        public RoleQueue? Queue { get; set; }

        // A role's own frameworks are a leaf beside its children's subtrees, with weight 1 as in Mesos.
        private bool IsOwn { get; } = own;

        public Node Child(string path, AllocationRequest request)
        {
            foreach (var child in Children)
            {
                if (!child.IsOwn && child.Name == path) return child;
            }

            var made = new Node(path, this, request.Roles.TryGetValue(path, out var policy) ? policy.Weight : 1, false);
            Children.Add(made);
            return made;
        }

        public Node OwnLeaf()
        {
            var leaf = new Node(Name, this, 1, true);
            Children.Add(leaf);
            return leaf;
        }

        public void Update(Quantities total) => _share = Allocated.ShareOf(total) / weight;
    }

    /// <summary>The frameworks that want offers in one role, least share first.</summary>
    internal sealed class RoleQueue(string role, Node leaf)
    {
        private readonly List<Candidate> _candidates = [];

        public string Role { get; } = role;

        public Node Leaf { get; } = leaf;

        public IReadOnlyList<Candidate> Candidates => _candidates;

        public void Add(FrameworkDemand framework, Quantities total)
        {
            _candidates.Add(new Candidate(framework, framework.Allocated.GetValueOrDefault(Role)
                ?.Copy() ?? new Quantities(), total));
            Resort();
        }

        public void Resort() => _candidates.Sort(Candidate.BySharesThenIds);
    }

    /// <summary>A framework in a role.</summary>
    internal sealed class Candidate
    {
        public static readonly Comparison<Candidate> BySharesThenIds = (a, b) =>
            a._share != b._share ? a._share.CompareTo(b._share)
            : a._given != b._given ? a._given.CompareTo(b._given)
            : string.CompareOrdinal(a.Framework.Id.Value, b.Framework.Id.Value);

        private readonly Quantities _allocated;
        private double _share;
        private int _given;

        public Candidate(FrameworkDemand framework, Quantities allocated, Quantities total)
        {
            Framework = framework;
            _allocated = allocated;
            _share = allocated.ShareOf(total);
        }

        public FrameworkDemand Framework { get; }

        public FrameworkId Id => Framework.Id;

        public void Give(ResourceSet resources, Quantities total)
        {
            _allocated.Add(resources);
            _share = _allocated.ShareOf(total);
            _given++;
        }
    }
}
