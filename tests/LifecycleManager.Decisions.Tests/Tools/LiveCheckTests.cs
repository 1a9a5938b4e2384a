using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Decisions.Tests.Tools;

public sealed class LiveCheckTests
{
    private const string Policy = """
        policy: web
        app: /shop/web
        instances: { min: 2, max: 10 }
        metrics:
          tpm: { pushed: tpm }
          cpu: { pushed: cpu }
        rules:
          - { rule: many, when: 'tpm > 100 * instances and instances < 9', then: { add: 1 } }
          - { rule: few, when: '20 >= avg(tpm, 5m)', then: { remove: 1 } }
          - { rule: busy, target: { metric: cpu, value: 0.6 } }
          - { rule: steps, step: { metric: cpu, steps: [ { above: 0.9, add: 1 }, { above: 2, add: 2 } ] } }
        """;

    private readonly FakeMetrics _metrics = new() { ["tpm"] = 50, ["cpu"] = 0.5 };
    private readonly Dictionary<string, MetricRange> _ranges = [];

    [Theory]
    [InlineData("/shop/wed", "the target has none that is /shop/web (did you mean '/shop/wed'?)")]
    [InlineData("/other", "the target has none that is /shop/web (known: /other)")]
    public void A_policy_that_governs_no_app_is_told(string app, string message)
    {
        var finding = Assert.Single(Findings([Policy], app));
        Assert.Equal(LiveCheck.GovernsNoApp, finding.Code);
        Assert.EndsWith(message, finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void So_is_one_whose_apps_another_governs()
    {
        var finding = Assert.Single(Findings([Policy, Policy.Replace("policy: web", "policy: more\npriority: 5")], "/shop/web"));
        Assert.Equal("p0.yml:1:1: warning: the policy 'web' governs no app: another one governs /shop/web (give one of them a "
            + "higher priority)", finding.ToString());
    }

    [Fact]
    public void A_metric_that_nothing_tells_is_told_at_its_place_unless_it_has_not_been_asked_for()
    {
        _metrics.Absent("cpu", Absence.Missing);
        Assert.Empty(Findings([Policy], "/shop/web"));
        var answers = new Answering(_metrics);
        var finding = Assert.Single(LiveCheck.Of(Set([Policy]), Facts(answers, "/shop/web")));
        Assert.Equal("p0.yml:6:3: warning: 'web': nothing tells cpu: /shop/web: no sample", finding.ToString());
        Assert.Equal(LiveCheck.MetricNowhere, finding.Code);
        answers.State = SourceState.Silent;
        Assert.Equal(LiveCheck.MetricSilent, Assert.Single(LiveCheck.Of(Set([Policy]), Facts(answers, "/shop/web"))).Code);
        _metrics.Absent("cpu", Absence.Idle);
        Assert.Empty(LiveCheck.Of(Set([Policy]), Facts(answers, "/shop/web")));
    }

    [Theory]
    // 100 for each of at least 2 instances: half of 200 is near.
    [InlineData("tpm", 0, 99, "the rule 'many' waits for tpm over 200: in the last 5h it was never over 99")]
    [InlineData("tpm", 0, 101, null)]
    [InlineData("avg(tpm, 5m)", 41, 90, "the rule 'few' waits for avg(tpm, 5m) under 20: in the last 5h it was never under 41")]
    [InlineData("avg(tpm, 5m)", 39, 90, null)]
    [InlineData("cpu", 0.1, 0.31, "the rule 'steps' waits for cpu over 0.9: in the last 5h it was never over 0.31")]
    [InlineData("cpu", 0.1, 0.5, null)]
    public void A_threshold_that_no_reading_came_near_is_told(string read, double least, double greatest, string? message)
    {
        _ranges[read] = new MetricRange(least, greatest, TimeSpan.FromHours(5));
        var findings = Findings([Policy], "/shop/web");
        Assert.Equal(message is null ? 0 : 1, findings.Count);
        if (message is not null)
            Assert.Equal((LiveCheck.NeverNear, message), (findings[0].Code, findings[0].Message));
    }

    [Fact]
    public void A_target_that_is_far_is_told_and_what_is_known_for_minutes_says_nothing()
    {
        _ranges["cpu"] = new MetricRange(0, 0.2, TimeSpan.FromHours(5));
        Assert.Equal(["busy", "steps"], Findings([Policy], "/shop/web").Select(finding => finding.Message.Split('\'')[1]));
        _ranges["cpu"] = new MetricRange(0, 0.2, TimeSpan.FromMinutes(5));
        Assert.Empty(Findings([Policy], "/shop/web"));
    }

    private IReadOnlyList<PolicyProblem> Findings(string[] policies, params string[] apps) =>
        LiveCheck.Of(Set(policies), Facts(_metrics, apps));

    private LiveFacts Facts(IMetricReader metrics, params string[] apps) =>
        new([.. apps.Select(app => new AppRef(app, null))], metrics, DateTimeOffset.UnixEpoch)
        {
            Range = (_, read) => _ranges.TryGetValue(read, out var range) ? range : null,
        };

    private static PolicySet Set(string[] texts) =>
        new([.. texts.SelectMany((text, i) => PolicyParser.Parse($"p{i}.yml", text).Policies)]);

    /// <summary>Readings of a source that answers, or does not.</summary>
    private sealed class Answering(FakeMetrics metrics) : IMetricReader
    {
        public SourceState State { get; set; } = SourceState.Answers;

        public MetricReading Read(string appId, MetricQuery query, DateTimeOffset now) =>
            metrics.Read(appId, query, now) with { Source = State };

        public void ReadInstances(string appId, MetricQuery query, DateTimeOffset now, ICollection<InstanceReading> into) =>
            metrics.ReadInstances(appId, query, now, into);
    }
}
