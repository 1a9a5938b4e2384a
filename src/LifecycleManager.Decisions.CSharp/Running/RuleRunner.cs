using System.Collections.Concurrent;
using LifecycleManager.Decisions.CSharp.Loading;
using LifecycleManager.Primitives.Timing;
using LifecycleManager.Rules;

namespace LifecycleManager.Decisions.CSharp.Running;

/// <summary>
/// Runs the rules of one version of the files, and knows which are out of force: one that took too long is not run again for
/// <see cref="Rest"/>, nor while it still runs.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="thread">Where they run.</param>
internal sealed class RuleRunner(TimeProvider time, RuleThread thread)
{
    /// <summary>How long a rule that took too long is out of force: 10 minutes, unless its files change.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<CSharpRule, Outage> _outages = [];
    private readonly ConcurrentDictionary<CSharpRule, (RuleFailure Failure, long At)> _failures = [];

    /// <summary>The rules that failed when they were run last, within <see cref="Rest"/>, by class.</summary>
    public IEnumerable<RuleFailure> Failures => _failures.Values.Where(failed => time.GetElapsedTime(failed.At) < Rest)
        .Select(failed => failed.Failure).OrderBy(failure => failure.Rule.Type, StringComparer.Ordinal);

    /// <summary>What the rules of one decision take.</summary>
    public TurnTime Begin() => new(time);

    /// <summary>Runs rules, one after the other.</summary>
    /// <param name="rules">The rules, each with the apps that it names.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="clock">The time of the decision.</param>
    /// <param name="turn">What the rounds before took.</param>
    public RoundOutcome Run(
        IReadOnlyList<(CSharpRule Rule, IReadOnlyList<App> Apps)> rules, Cluster cluster, Clock clock, TurnTime turn)
    {
        var outOfForce = rules.Select(rule => OutOfForce(rule.Rule)).OfType<RuleFailure>().ToList();
        if (outOfForce.Count > 0) return Held(outOfForce);
        var round = new Round(rules, cluster, clock, turn);
        var end = turn.Left > TimeSpan.Zero ? thread.Run(round.Run, turn.Left) : new RunEnd(RunState.Done, static () => true);
        if (end.State == RunState.Refused)
            return Held([Fail(rules[0].Rule, $"is not run: {RuleThread.MaxLost} that took too long still run")]);
        if (end.State == RunState.GivenUp || !round.IsDone)
        {
            var slowest = turn.Slowest ?? rules[0].Rule;
            _outages[slowest] = new Outage(time.GetTimestamp(), end.HasEnded);
            return Held([Fail(slowest, TooLong)]);
        }

        foreach (var (rule, _) in rules) _failures.TryRemove(rule, out _);
        return round.Failures.Count == 0
            ? new RoundOutcome(round.Outputs, round.Unknown, round.Refused, [])
            : Held([.. round.Failures.Select(failure => Fail(failure.Rule, failure.Because))]);
    }

    private static string TooLong => $"took more than {DurationText.Format(IslandTurn.Limit)} and is out of force for "
        + $"{DurationText.Format(Rest)}, or until its files change";

    private static RoundOutcome Held(IReadOnlyList<RuleFailure> failures) => new([], [], [], failures);

    private RuleFailure? OutOfForce(CSharpRule rule)
    {
        if (!_outages.TryGetValue(rule, out var outage)) return null;
        if (outage.HasEnded() && time.GetElapsedTime(outage.Since) >= Rest)
        {
            _outages.TryRemove(rule, out _);
            return null;
        }

        return Fail(rule, TooLong);
    }

    private RuleFailure Fail(CSharpRule rule, string because)
    {
        var failure = new RuleFailure(rule, because);
        _failures[rule] = (failure, time.GetTimestamp());
        return failure;
    }

    private sealed record Outage(long Since, Func<bool> HasEnded);

    /// <summary>One round at work, on the rules' thread; read once it is done.</summary>
    private sealed class Round(
        IReadOnlyList<(CSharpRule Rule, IReadOnlyList<App> Apps)> rules, Cluster cluster, Clock clock, TurnTime turn)
    {
        /// <summary>Whether all rules were run. What was given up may be done a moment later, and counts as given up.</summary>
        public bool IsDone { get; private set; }

        public List<FiredOutput> Outputs { get; } = [];

        public List<UnknownRule> Unknown { get; } = [];

        public List<RefusedOutput> Refused { get; } = [];

        public List<RuleFailure> Failures { get; } = [];

        public void Run(CancellationToken end)
        {
            foreach (var (rule, apps) in rules)
            {
                turn.Begin(rule);
                var run = new RuleRun(rule);
                try
                {
                    run.Run(apps, cluster, clock, end);
                    Outputs.AddRange(run.Outputs);
                    Refused.AddRange(run.Refused);
                    if (run.Unknown is { } because) Unknown.Add(new UnknownRule(rule, because));
                }
                catch (Exception) when (end.IsCancellationRequested)
                {
                    // Its time is over: whoever waited has gone.
                    return;
                }
                catch (Exception e)
                {
                    Failures.Add(new RuleFailure(rule, $"failed: {FactText.OneLine(e.GetBaseException().Message)}"));
                }
            }

            turn.End();
            IsDone = !end.IsCancellationRequested;
        }
    }
}
