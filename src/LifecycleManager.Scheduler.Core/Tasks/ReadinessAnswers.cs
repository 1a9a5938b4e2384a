using LifecycleManager.Scheduler.Core.Definitions;
using LifecycleManager.Scheduler.Core.Instances;

namespace LifecycleManager.Scheduler.Core.Tasks;

/// <summary>The last answers of readiness checks, kept while a deployment waits for them.</summary>
internal sealed class ReadinessAnswers
{
    private readonly Dictionary<AppId, Dictionary<(string TaskId, string Check), ReadinessResult>> _answers = [];

    public IReadOnlyCollection<ReadinessResult> Of(AppId app) => _answers.TryGetValue(app, out var answers) ? answers.Values : [];

    public void Set(AppId app, ReadinessResult answer)
    {
        if (!_answers.TryGetValue(app, out var answers)) _answers[app] = answers = [];
        answers[(answer.TaskId, answer.Name)] = answer;
    }

    /// <summary>Whether the last answer of each of the checks says that an instance is ready.</summary>
    public bool AreAllReady(AppId app, string taskId, IEnumerable<ReadinessCheckSpec> checks) => checks.All(check =>
        _answers.TryGetValue(app, out var answers) && answers.TryGetValue((taskId, check.Name), out var last) && last.Ready);

    public void Forget(AppId app) => _answers.Remove(app);

    public void Forget(AppId app, string taskId)
    {
        if (!_answers.TryGetValue(app, out var answers)) return;
        foreach (var key in answers.Keys.Where(key => key.TaskId == taskId).ToList()) answers.Remove(key);
        if (answers.Count == 0) _answers.Remove(app);
    }
}
