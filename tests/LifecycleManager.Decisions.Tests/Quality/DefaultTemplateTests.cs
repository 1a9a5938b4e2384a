using LifecycleManager.Benchmarks.Quality;
using LifecycleManager.Benchmarks.Quality.Autoscalers;
using LifecycleManager.Benchmarks.Quality.Service;

namespace LifecycleManager.Decisions.Tests.Quality;

/// <summary>
/// What the policy promises that <c>lcm policy init</c> writes by default, unedited: on no workload worse than the Kubernetes HPA
/// at its defaults, told the same target and bounds.
/// </summary>
public sealed class DefaultTemplateTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void It_is_never_worse_than_the_hpa_and_on_three_workloads_twice_as_good(int seed)
    {
        var (model, workloads) = (new ServiceModel(), Workload.All(seed, weeks: 1));
        var results = workloads.AsParallel().AsOrdered().Select(workload => (
            Ours: Run(workload, new PolicyAutoscaler("init", QualityBenchmark.DefaultTemplate, QualityBenchmark.App)),
            Hpas: new[] { true, false }.Select(behavior => Run(workload, new HpaAutoscaler(model, seed, behavior))).ToArray()))
            .ToList();
        QualityReport.Table([.. results.SelectMany(one => one.Hpas.Prepend(one.Ours))], new Lines(output));
        Assert.All(results, one => Assert.All(one.Hpas, hpa =>
        {
            Assert.InRange(one.Ours.Violation, 0, hpa.Violation);
            Assert.InRange(one.Ours.NotCarried, 0, hpa.NotCarried);
            Assert.InRange(one.Ours.InstanceHours, 0, hpa.InstanceHours * 1.05);
        }));
        Assert.InRange(results.Count(one => one.Hpas.All(hpa => one.Ours.Violation * 2 < hpa.Violation)), 3, results.Count);

        QualityResult Run(Workload workload, IAutoscaler autoscaler) => QualityRun.Of(workload, autoscaler, model, seed);
    }

    [Fact]
    public void A_seed_gives_the_same_figures_again()
    {
        var (model, seed) = (new ServiceModel(), 7);
        var (first, second) = (Run(), Run());
        Assert.Equal(first.Counts, second.Counts);
        Assert.Equal(first with { Counts = [] }, second with { Counts = second.Counts[..0] }, (left, right) =>
            (left.Violation, left.NotCarried, left.Changes) == (right.Violation, right.NotCarried, right.Changes));

        QualityResult Run() => QualityRun.Of(
            Workload.All(seed, weeks: 1).Single(workload => workload.Name == "bursty"),
            new PolicyAutoscaler("init", QualityBenchmark.DefaultTemplate, QualityBenchmark.App), model, seed);
    }

    /// <summary>Lines of a test's output.</summary>
    private sealed class Lines(ITestOutputHelper output) : StringWriter
    {
        public override void WriteLine(string? value) => output.WriteLine(value ?? "");
    }
}
