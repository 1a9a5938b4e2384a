using LifecycleManager.Decisions.Policies.Reading;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>
/// How the checks of a policy decide together. Without a <c>group</c> each of several checks that asks for no change keeps the
/// count, so that nothing shrinks; of a group those are passed over, as rules here are that do not hold.
/// </summary>
internal sealed class CheckGroup
{
    private readonly int _checks;
    private readonly bool _isOne;

    public CheckGroup(IReadOnlyList<Section> checks)
    {
        _checks = checks.Count;
        var groups = checks.Select(check => check.Text("group") ?? "").Distinct().ToList();
        _isOne = groups is [{ Length: > 0 }] && checks.All(check => check.Find("strategy") is HclBlock { Label: "threshold" });
    }

    /// <summary>Whether a check that asks for no change keeps the count; its group is reported where it has none here.</summary>
    public bool Keeps(Section check)
    {
        if (_checks < 2)
        {
            check.Harmless("is of a single check", "group");
            return false;
        }

        if (_isOne) check.Harmless("is that of all checks, which decide together as rules do", "group");
        else check.Lost("has no counterpart beside other checks: all rules of a policy decide together", "group");
        return !check.Has("group");
    }
}
