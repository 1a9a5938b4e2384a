using LifecycleManager.Master.Resources;
using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Master.Cluster;

/// <summary>Whether the tables and the ledger say the same.</summary>
internal sealed class Accounting(Ledger ledger, AgentTable agents, FrameworkTable frameworks, OfferTable offers)
{
    /// <summary>Checks that every amount is counted exactly once. For tests: it walks over everything.</summary>
    /// <exception cref="InvalidOperationException">The accounts are wrong.</exception>
    public void Check()
    {
        foreach (var agent in agents.Registered.Values)
        {
            var offered = agent.Offers.Aggregate(ResourceSet.Empty, (sum, offer) => sum.Plus(offer.Resources));
            offered = agent.Accepts.Aggregate(offered, (sum, accept) => sum.Plus(accept.Left));
            var used = agent.Tasks.Select(key => frameworks.Known[key.Framework].Tasks[key.Task])
                .Where(task => !task.State.IsTerminal())
                .Aggregate(ResourceSet.Empty, (sum, task) => sum.Plus(task.Resources));
            used = agent.Executors.Values.Aggregate(used, (sum, executor) => sum.Plus(executor.Resources));
            Require(offered.Equals(agent.Account.Offered),
                $"offered on {agent.Id.Value}: {agent.Account.Offered} but the offers have {offered}");
            Require(used.Equals(agent.Account.Used), $"used on {agent.Id.Value}: {agent.Account.Used} but the tasks have {used}");
            var sum = agent.Account.Free.Plus(offered).Plus(used);
            var isOver = !agent.Account.Total.Contains(offered.Plus(used));
            Require(isOver || sum.Equals(agent.Account.Total),
                $"{agent.Id.Value} has {agent.Account.Total} but the parts are {sum}");
        }

        foreach (var framework in frameworks.Known.Values)
        {
            foreach (var task in framework.Tasks.Values)
            {
                Require(
                    agents.Registered.TryGetValue(task.AgentId, out var agent) && agent.Tasks.Contains((framework.Id, task.Id)),
                    $"task {task.Id.Value} is not on its agent");
            }
        }

        Require(offers.Count == agents.Registered.Values.Sum(agent => agent.Offers.Count), "an offer is of no agent");
        Require(offers.Count == frameworks.Known.Values.Sum(framework => framework.Offers.Count), "an offer is of no framework");
        ledger.Verify();
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds) throw new InvalidOperationException(problem);
    }
}
