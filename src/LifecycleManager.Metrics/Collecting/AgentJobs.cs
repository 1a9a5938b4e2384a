using LifecycleManager.Metrics.Scraping;
using LifecycleManager.Metrics.Sources;

namespace LifecycleManager.Metrics.Collecting;

/// <summary>The jobs that read containers' statistics: the master's list of agents, and one job for each of them.</summary>
/// <param name="context">What all scrapes share.</param>
/// <param name="schedule">Gets the jobs.</param>
/// <param name="find">The instance of a task's id, for any thread; null where it is nobody's.</param>
/// <param name="read">Gets all that an agent measures, on any thread.</param>
/// <param name="wake">Called from another thread when the master has named its agents.</param>
internal sealed class AgentJobs(ScrapeContext context, ScrapeSchedule schedule, Func<string, CollectedInstance?> find,
    Action<IReadOnlyList<AgentStatistics>> read, Action wake)
{
    private readonly Dictionary<Uri, AgentJob> _agents = [];
    private AgentListJob? _list;
    private IReadOnlyList<Uri>? _found;

    /// <summary>Begins to ask the master for its agents, or ends that and asks none of them any more.</summary>
    /// <param name="isWanted">Whether somebody wants containers' statistics.</param>
    public void Demand(bool isWanted)
    {
        if (isWanted && _list is null && context.Options.Masters is { } masters)
        {
            _list = new AgentListJob(context, masters, agents =>
            {
                Volatile.Write(ref _found, agents);
                wake();
            });
            schedule.Add(_list);
        }
        else if (!isWanted && _list is not null)
        {
            schedule.Remove(_list);
            _list = null;
            foreach (var agent in _agents.Keys.ToArray()) Drop(agent);
        }
    }

    /// <summary>Takes in which agents the master named last.</summary>
    public void Update()
    {
        if (Interlocked.Exchange(ref _found, null) is not { } agents || _list is null) return;
        foreach (var gone in _agents.Keys.Except(agents).ToArray()) Drop(gone);
        foreach (var agent in agents.Distinct().Where(agent => !_agents.ContainsKey(agent)))
        {
            var job = new AgentJob(context, agent, find, read);
            _agents.Add(agent, job);
            schedule.Add(job);
        }
    }

    private void Drop(Uri agent)
    {
        schedule.Remove(_agents[agent]);
        _agents.Remove(agent);
    }
}
