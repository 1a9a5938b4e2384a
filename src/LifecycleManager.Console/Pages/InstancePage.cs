using LifecycleManager.Clients.Agents;
using LifecycleManager.Console.Components;
using LifecycleManager.Console.Live;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Security;
using Microsoft.AspNetCore.Components;

namespace LifecycleManager.Console.Pages;

/// <summary>
/// A page about what instances of one app or pod have: those that run, and those that have ended and that the master, or the page
/// itself, remembers.
/// </summary>
public abstract class InstancePage : LivePage
{
    /// <summary>Instances that have ended, and are offered.</summary>
    private const int MostEnded = 50;

    private readonly Dictionary<string, InstanceChoice> _seen = new(StringComparer.Ordinal);
    private Watch<App>? _app;
    private Watch<IReadOnlyList<PodStatus>>? _pods;
    private Watch<IReadOnlyList<SandboxInstance>>? _ended;

    /// <summary>The id without its leading slash.</summary>
    [Parameter]
    public string Id { get; set; } = "";

    /// <summary>The task that is chosen, or part of its id; null for none.</summary>
    [Parameter]
    [SupplyParameterFromQuery(Name = "task")]
    public string? Task { get; set; }

    /// <inheritdoc/>
    protected override object? Subject => Id;

    /// <summary>The id as it is written.</summary>
    protected string Path => "/" + Id;

    /// <summary>What the caller needs to be shown the page.</summary>
    protected abstract GroupPermission Needed { get; }

    /// <summary>Whether the caller may.</summary>
    protected bool IsPermitted => Scope.May(Needed, Path);

    /// <summary>Whether it is a pod.</summary>
    protected bool IsPod => Pod is not null;

    /// <summary>The app; null for a pod, and where there is none.</summary>
    private protected App? App => _app?.Current.Value;

    /// <summary>Why it cannot be read, where there is neither such an app nor such a pod.</summary>
    private protected Clients.Trouble? Trouble => IsPod ? _pods!.Current.Trouble : _app?.Current.Trouble;

    /// <summary>Why those that have ended cannot be told; null where they can.</summary>
    private protected Clients.Trouble? EndedTrouble => _ended?.Current.Trouble;

    /// <summary>Whether there is a master, without which no agent is found.</summary>
    private protected bool IsKnown => Feed.Sandboxes.IsKnown;

    /// <summary>The instances, those that run first.</summary>
    private protected IReadOnlyList<InstanceChoice> Instances { get; private set; } = [];

    /// <summary>The one that is chosen; null where none is, or it is not known.</summary>
    private protected InstanceChoice? Chosen => string.IsNullOrEmpty(Task) ? null
        : Instances.FirstOrDefault(one => one.TaskId == Task)
            ?? Instances.FirstOrDefault(one => one.TaskId.Contains(Task, StringComparison.Ordinal));

    private PodStatus? Pod => _pods?.Current.Value?.FirstOrDefault(pod => pod.Id == Path);

    /// <inheritdoc/>
    protected override async Task OpenAsync()
    {
        _seen.Clear();
        (_app, _pods, _ended) = (Feed.App(Id), Feed.Pods, Feed.Ended(Path));
        await System.Threading.Tasks.Task.WhenAll(ShowAsync(_app), ShowAsync(_pods), ShowAsync(_ended));
        if (!IsPod && Trouble is { IsUnknown: true }) SayUnknown();
        LookAtInstances();
    }

    /// <summary>Looks who runs: before each drawing.</summary>
    private protected void LookAtInstances()
    {
        IEnumerable<InstanceChoice> live = IsPod
            ? Pod!.Instances.Where(instance => instance.AgentId is not null).SelectMany(
                instance => instance.Containers, (instance, container) => InstanceChoice.Of(
                    new SandboxInstance(container.ContainerId, instance.AgentId!, IsOver(container.Status)), container.Name))
            : (App?.Tasks ?? []).Where(task => task.SlaveId is not null)
                .Select(task => InstanceChoice.Of(new SandboxInstance(task.Id, task.SlaveId!, IsOver(task.State)), null));
        var now = live.ToDictionary(one => one.TaskId, StringComparer.Ordinal);
        var remembered = (_ended?.Current.Value ?? []).Take(MostEnded)
            .Select(ended => InstanceChoice.Of(ended, IsPod ? ended.TaskId.Split('.')[^1] : null));

        // One that is not told of any more has ended, unless nothing at all can be told.
        var isTold = Trouble is null;
        var ended = _seen.Values.Select(one => isTold ? one with { IsEnded = true } : one).Concat(remembered)
            .Where(one => !now.ContainsKey(one.TaskId)).DistinctBy(one => one.TaskId).Take(MostEnded);
        Instances = [.. now.Values.OrderBy(one => one.IsEnded).ThenBy(one => one.Name, StringComparer.Ordinal), .. ended];
        _seen.Clear();
        foreach (var one in Instances) _seen[one.TaskId] = one;
    }

    /// <summary>An address of this page with another instance, or without one.</summary>
    private protected static string Query(string? task) => task is null ? "" : "?task=" + Uri.EscapeDataString(task);

    private static bool IsOver(string? state) => state is "TASK_FINISHED" or "TASK_FAILED" or "TASK_KILLED" or "TASK_ERROR"
        or "TASK_LOST" or "TASK_GONE" or "TASK_DROPPED";
}

/// <summary>An instance that can be chosen.</summary>
/// <param name="TaskId">Its task.</param>
/// <param name="AgentId">Its agent.</param>
/// <param name="Name">What tells it from others.</param>
/// <param name="IsEnded">Whether it has ended.</param>
internal sealed record InstanceChoice(string TaskId, string AgentId, string Name, bool IsEnded)
{
    /// <summary>An instance; of a pod with the name of its container.</summary>
    public static InstanceChoice Of(SandboxInstance instance, string? container) => new(
        instance.TaskId, instance.AgentId, instance.ShortName + (container is null ? "" : "/" + container), instance.IsEnded);
}
