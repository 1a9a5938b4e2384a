using System.Globalization;
using LifecycleManager.Runtime.Health;
using LifecycleManager.Scheduler.Core.Documents;
using LifecycleManager.Scheduler.Core.Snapshots;

namespace LifecycleManager.Scheduler.Leadership;

/// <summary>
/// What the scheduler adds to its role's health, beside its loops and terms: a leader needs a master and a store that takes
/// writes. Standing by and starting are no problems.
/// </summary>
internal sealed class SchedulerHealth : IDisposable
{
    private const int NamedApps = 10;

    /// <summary>A leader may be without a master for so long, as while masters change: 30 s.</summary>
    public static readonly TimeSpan MasterGrace = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time;
    private readonly string _masters;
    private readonly IDisposable[] _watches;
    private readonly Lock _lock = new();
    private SchedulerSnapshot? _shown;
    private long? _aloneSince;
    private volatile string? _storeProblem;

    /// <summary>Takes part in a role's health until disposed of.</summary>
    public SchedulerHealth(RoleHealth role, SchedulerOptions options, TimeProvider time)
    {
        _time = time;
        _masters = string.Join(", ", options.Masters);
        role.State = () => State;
        _watches = [role.Watch(() => StoreProblem), role.Watch(MasterProblem), role.Watch(StateProblem),
            role.Warn(AdmissionWarning)];
    }

    /// <summary>Whether it stands for election: until then, it starts.</summary>
    public bool IsStanding { get; set; }

    /// <summary>Why the store takes no writes; null where it does.</summary>
    public string? StoreProblem
    {
        get => _storeProblem;
        set => _storeProblem = value;
    }

    private string State
    {
        get
        {
            lock (_lock)
            {
                return _shown is { } shown ? shown.Framework.Connected ? "leading, connected" : "leading, without a master"
                    : IsStanding ? "standing by" : "starting";
            }
        }
    }

    /// <summary>Takes note of what a term shows; null while there is none.</summary>
    public void Show(SchedulerSnapshot? snapshot)
    {
        lock (_lock)
        {
            _shown = snapshot;
            if (snapshot is null or { Framework.Connected: true }) _aloneSince = null;
            else _aloneSince ??= _time.GetTimestamp();
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var watch in _watches) watch.Dispose();
    }

    private string? StateProblem()
    {
        lock (_lock)
            return _shown?.Unreadable is { } unreadable && unreadable != Unreadable.None
            ? string.Join("; ", unreadable.Problems) : null;
    }

    /// <summary>Apps that run on, and would not be started anew.</summary>
    private string? AdmissionWarning()
    {
        SchedulerSnapshot? shown;
        lock (_lock) shown = _shown;
        var refused = shown?.Apps.Values.Where(app => app is { IsRemoved: false, NotAdmitted: not null })
            .OrderBy(app => app.Definition.Id).ToList();
        if (refused is not { Count: > 0 }) return null;
        var named = string.Join(", ", refused.Take(NamedApps).Select(app => $"{app.Definition.Id} ({app.NotAdmitted})"));
        var more = refused.Count > NamedApps ? $" and {refused.Count - NamedApps} more" : "";
        return $"not admitted, so that no instance is started: {named}{more}";
    }

    private string? MasterProblem()
    {
        lock (_lock)
        {
            return _aloneSince is { } since && _time.GetElapsedTime(since) is var age && age > MasterGrace
                ? string.Create(CultureInfo.InvariantCulture,
                    $"no master has been reached for {age.TotalSeconds:0} s; tried: {_masters}")
                : null;
        }
    }
}
