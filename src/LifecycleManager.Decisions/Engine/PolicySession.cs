using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Rules;
using NRules;

namespace LifecycleManager.Decisions.Engine;

/// <summary>
/// The rules of one policy at work: all apps that it governs, in one session of NRules. What fails in the middle leaves a session
/// half propagated; such a one is given up, and the next run begins with all apps anew.
/// </summary>
internal sealed class PolicySession(Policy policy)
{
    private readonly HashSet<App> _apps = [];
    private readonly List<App> _changed = [];
    private readonly List<App> _added = [];
    private ISession? _session;

    /// <summary>The policy's name and digest: another text is another session.</summary>
    public (string Name, string Digest) Key => (policy.Name, policy.Digest);

    /// <summary>What the last run failed with; null where it did not.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>An app's fact is new or has changed: the next run looks at it.</summary>
    /// <returns>Whether it is the first since the last run.</returns>
    public bool Touch(App app)
    {
        var isFirst = _added.Count + _changed.Count == 0;
        if (_apps.Add(app)) _added.Add(app);
        else _changed.Add(app);
        return isFirst;
    }

    /// <summary>Lets go of an app.</summary>
    public void Remove(App app)
    {
        if (!_apps.Remove(app)) return;
        _session?.TryRetract(app);
        _session?.TryRetract(app.Opinions);
        if (_apps.Count == 0) _session = null;
    }

    /// <summary>Has the rules see what has changed, and combines what they ask for.</summary>
    public void Run()
    {
        Failure = null;
        try
        {
            if (_session is null)
            {
                _session = RuleNetworks.CreateSession(policy);
                Look(_session, [.. _apps], []);
            }
            else
            {
                Look(_session, _added, _changed);
            }
        }
        catch (Exception e)
        {
            _session = null;
            Failure = e;
        }

        _added.Clear();
        _changed.Clear();
    }

    /// <summary>
    /// First the rules speak, then what they say is combined: in two passes, so that each app is combined once, whatever the
    /// order in which its rules spoke.
    /// </summary>
    private static void Look(ISession session, List<App> added, List<App> changed)
    {
        if (added.Count > 0) session.InsertAll(added);
        if (changed.Count > 0) session.UpdateAll(changed);
        session.Fire();
        foreach (var app in added) app.Opinions.Gather();
        if (added.Count > 0) session.InsertAll(added.Select(app => app.Opinions));
        var others = changed.Where(app => app.Opinions.Gather()).Select(app => app.Opinions).ToList();
        if (others.Count > 0) session.UpdateAll(others);
        session.Fire();
    }
}
