using LifecycleManager.Decisions.Engine;
using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Tools.Simulation;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Tools.Testing;

/// <summary>Runs one test on an engine of its own.</summary>
internal sealed class TestRun
{
    private const int MostFailures = 10;

    private readonly DecisionEngine _engine = new();
    private readonly TestCase _test;
    private readonly TestFile _file;
    private readonly List<Actor> _actors = [];
    private readonly SimulatedMetrics _metrics = new();
    private readonly List<string> _failures = [];

    private TestRun(TestCase test, TestFile file) => (_test, _file) = (test, file);

    /// <summary>What is not as expected; empty where all is.</summary>
    public static IReadOnlyList<string> Of(TestCase test, TestFile file, CancellationToken cancellation)
    {
        var run = new TestRun(test, file);
        run._engine.Use(file.Policies);
        run._engine.UseCode(file.Code);
        run._engine.UseMemory(run.Remembered);
        foreach (var app in test.Apps) run.Add(app);
        if (run._failures.Count == 0) run.Play(cancellation);
        if (run._failures.Count == 0) return [];
        return [.. run._failures, .. run._engine.CoordinationProblems.Select(problem => "note: " + problem)];
    }

    private void Add(TestApp app)
    {
        var reference = new AppRef(app.Id, app.Labels)
        {
            Priority = app.Priority,
            Cpus = app.Cpus,
            Memory = app.Memory,
            Dependencies = app.Dependencies,
        };
        _actors.Add(new Actor(app, reference, new SimulatedApp(app.Id, app.Instances, app.Startup)));
        if (_engine.PolicyOf(reference) is not { } policy)
        {
            // Beside others it may be there to be read.
            if (_test.Apps.Count == 1 || app.Series.Count > 0) _failures.Add($"{app.Place}: no policy governs {app.Id}");
            return;
        }

        var unknown = app.Series.Keys.Except(policy.Metrics.Select(metric => metric.Name))
            .Except(policy.Reads.Select(read => read.Text)).ToList();
        if (unknown.Count > 0) _failures.Add($"{app.Place}: the policy '{policy.Name}' has no metric '{unknown[0]}'");
        _metrics.Add(app.Id, new SeriesMetrics(policy, app.Series, _test.Start, _file.Interval));
    }

    /// <summary>What the engine would remember of an app to which something was done before the start.</summary>
    private StoredMemory? Remembered(string id)
    {
        var actor = _actors.Find(one => one.Reference.Id == id);
        if (actor?.App is not { Before: { Count: > 0 } before } app || _engine.PolicyOf(actor.Reference) is not { } policy)
            return null;
        var last = _test.Start - _file.Tick;
        List<StoredCount> counts = [.. before.Select(one => new StoredCount(_test.Start - one.Ago, one.To))];
        if (counts[^1].At < last) counts.Add(new StoredCount(last, app.Instances));
        return new StoredMemory
        {
            App = id,
            Policy = policy.Name,
            Digest = policy.Digest,
            At = last,
            Instances = app.Instances,
            Min = policy.Instances.Min,
            Max = policy.Instances.Max,
            Changes = [.. before.Select(one => new StoredCount(_test.Start - one.Ago, one.To - one.From))],
            // A change came about since its count was the highest, or the lowest, of the whole window before it.
            Highest = counts,
            Lowest = counts,
        };
    }

    private void Play(CancellationToken cancellation)
    {
        var expected = new Queue<Expectation>(_test.Expectations.OrderBy(one => one.At));
        for (var at = TimeSpan.Zero; ; at += _file.Tick)
        {
            while (expected.TryPeek(out var next) && next.At < at) Compare(expected.Dequeue());
            if (expected.Count == 0 || _failures.Count >= MostFailures) return;
            cancellation.ThrowIfCancellationRequested();
            Tick(at);
        }
    }

    private void Tick(TimeSpan at)
    {
        var now = _test.Start + at;
        foreach (var gone in _actors.Where(actor => actor.IsThere && actor.App.Gone <= at)) Delete(gone);
        var there = _actors.Where(actor => actor.IsThere).ToList();
        foreach (var actor in there)
        {
            actor.Simulated.Waiting = CountAt(actor.App.Waiting, at);
            actor.Simulated.NotReady = CountAt(actor.App.NotReady, at);
        }

        var apps = there.Select(actor => (actor.Reference, actor.Simulated.Facts(now))).ToList();
        foreach (var (app, facts) in apps) _metrics.Ready(app.Id, facts.Healthy);
        _engine.Know([.. apps.Select(app => app.Reference)]);
        _engine.DecideAll(apps, _metrics, (app, decision, fault) =>
        {
            var actor = there.Find(one => one.Reference.Id == app.Id)!;
            actor.Decision = decision;
            if (fault is not null) _failures.Add($"{actor.App.Place}: at {DurationText.Format(at)}: {app.Id}: {fault.Message}");
            // Beside others what only watches must not do what others would see; by itself its count is what is tested.
            else if (!decision!.DryRun || _actors.Count == 1) actor.Simulated.Scale(decision.To, now);
        });
    }

    private void Delete(Actor actor)
    {
        actor.IsThere = false;
        actor.Decision = null;
        actor.Simulated.Scale(0, _test.Start);
        _engine.Forget(actor.Reference.Id);
    }

    private int CountAt(IReadOnlyList<double> series, TimeSpan at)
    {
        if (series.Count == 0) return 0;
        var value = series[(int)Math.Min(series.Count - 1, at / _file.Interval)];
        return double.IsNaN(value) ? 0 : (int)Math.Max(0, value);
    }

    private void Compare(Expectation expectation)
    {
        var actor = _actors.Find(one => one.Reference.Id == expectation.App)!;
        var decision = actor.Decision is { Kind: DecisionKind.Hold } ? _engine.Explain(expectation.App) : actor.Decision;
        var wrong = expectation.Wrong(decision, decision?.To ?? actor.Simulated.Instances);
        if (wrong is null) return;
        var who = _actors.Count == 1 ? "" : expectation.App + ": ";
        _failures.Add($"{expectation.Place}: at {DurationText.Format(expectation.At)}: {who}{wrong}"
            + (decision is null ? "" : $" ({decision.Reason})"));
    }

    /// <summary>An app of the test while it runs.</summary>
    private sealed class Actor(TestApp app, AppRef reference, SimulatedApp simulated)
    {
        public TestApp App => app;

        public AppRef Reference => reference;

        public SimulatedApp Simulated => simulated;

        public bool IsThere { get; set; } = true;

        public Decision? Decision { get; set; }
    }
}
