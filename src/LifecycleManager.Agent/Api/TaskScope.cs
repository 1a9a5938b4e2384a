using LifecycleManager.Agent.Sandboxes;
using LifecycleManager.Agent.Tasks;
using LifecycleManager.Protocol.Mesos;
using LifecycleManager.Security;
using LifecycleManager.Security.Admission;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Agent.Api;

/// <summary>
/// What a caller may do with which tasks. Which app a task is of is proved by its id where its framework is a scheduler that the
/// credentials name, for such a one makes its ids of its apps'; of other tasks it is not known, and permissions on some apps
/// give nothing.
/// </summary>
internal sealed class TaskScope(AgentService agent, HttpContext context)
{
    // AGENT/frameworks/FRAMEWORK/executors/TASK/runs/CONTAINER
    private const int SandboxDepth = 7;
    private readonly AppScope _scope = AccessControl.ScopeOf(context);

    /// <summary>Whether the caller sees all tasks, also those whose app is not known.</summary>
    public bool SeesAll => _scope.MayEverywhere(GroupPermission.View);

    /// <summary>Whether the caller may see a task.</summary>
    public bool Sees(TaskRun run) => May(GroupPermission.View, run.Record.TaskId.Value, run.Record.Framework.Principal);

    /// <summary>Whether the caller may see a task that is over.</summary>
    public bool Sees(CompletedTask task) => May(GroupPermission.View, task.TaskId.Value, task.Principal);

    /// <summary>Why the caller may not do something with a task; null where he may.</summary>
    public string? WhyNot(GroupPermission needed, TaskRun run) =>
        WhyNot(needed, run.Record.TaskId.Value, run.Record.Framework.Principal);

    /// <summary>The sandboxes with what the caller may read of them.</summary>
    public SandboxFiles Files() => new(
        agent.Directory?.Sandboxes ?? throw new InvalidOperationException("the agent has not started"),
        _scope.MayEverywhere(GroupPermission.Files) ? null : Admits);

    /// <summary>Whether a place in the sandboxes is there for the caller.</summary>
    /// <exception cref="UnauthorizedAccessException">It is, and he may not read it.</exception>
    private bool Admits(string path)
    {
        var parts = path.Split('/');
        if (parts.Length < SandboxDepth) return false;
        var (framework, task) = (parts[2], parts[4]);
        var principal = PrincipalOf(framework);
        if (!May(GroupPermission.View, task, principal)) return false;
        var isLog = parts.Length == SandboxDepth + 1
            && LogFiles.Names.Any(name => parts[^1] == name || parts[^1] == name + ".1");
        if (WhyNot(isLog ? GroupPermission.Logs : GroupPermission.Files, task, principal) is { } why)
            throw new UnauthorizedAccessException(why);
        return true;
    }

    private string? WhyNot(GroupPermission needed, string task, string? principal)
    {
        if (May(needed, task, principal)) return null;
        if (AppOf(task, principal) is not { } app)
        {
            return $"Forbidden: which app the task {task} is of is not proved: 'schedulers' in the credentials names the "
                + $"principals that are believed, and '{principal}' is none of them";
        }

        return AccessControl.Refused(context, needed, [app]);
    }

    // What is left out of a list is not refused: nobody has asked for it.
    private bool May(GroupPermission needed, string task, string? principal) => _scope.MayEverywhere(needed)
        || (AppOf(task, principal) is { } app && _scope.May(needed, app));

    /// <summary>Which app a task is of; null where that is not proved.</summary>
    private string? AppOf(string task, string? principal) =>
        agent.Options.Principals.Believes(principal) ? MesosTasks.AppOf(task) : null;

    /// <summary>A framework's principal, which never changes; null where no task of it is known here any more.</summary>
    private string? PrincipalOf(string framework) =>
        agent.Tasks.FirstOrDefault(run => run.Record.FrameworkId.Value == framework)?.Record.Framework.Principal
        ?? agent.Completed.FirstOrDefault(task => task.FrameworkId.Value == framework)?.Principal;
}
