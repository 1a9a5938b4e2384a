using LifecycleManager.Decisions.Facts;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools;
using LifecycleManager.Manager.Findings;
using LifecycleManager.Manager.Tests.Fakes;

namespace LifecycleManager.Manager.Tests.Findings;

public sealed class PolicyWatchTests : IDisposable
{
    private const string App = "/brownfield/search";
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly FakeMetrics _metrics = new();
    private readonly RecordingLog _log = new();
    private readonly PolicyWatch _watch;
    private PolicySet _policies = new(PolicyParser.Parse("s.yml", TermUnderTest.Search).Policies);

    public PolicyWatchTests() => _watch = new PolicyWatch(() => _policies, _metrics, new MetricExtremes(), _log);

    public void Dispose() => _log.Dispose();

    [Fact]
    public void A_finding_is_logged_once_and_its_end_too()
    {
        _metrics[App, "gauge.servo.tpm"] = 3;
        Assert.Equal([LiveCheck.GovernsNoApp], Look(0, "/other"));
        // Within a minute nothing is looked at anew.
        Assert.Equal([LiveCheck.GovernsNoApp], Look(30, App));
        Assert.Equal([LiveCheck.GovernsNoApp], Look(60, "/other"));
        Assert.Empty(Look(120, App));
        Assert.Equal(
            ["Warning: s.yml:1:1: warning: the policy 'search' governs no app: the target has none that is "
                + "/brownfield/search (known: /other)",
                "Information: No longer so: s.yml:1:1: warning: the policy 'search' governs no app: the target has none that is "
                    + "/brownfield/search (known: /other)"],
            _log.Lines);
    }

    [Fact]
    public void A_source_that_does_not_answer_is_no_finding_and_changed_policies_are_looked_at_at_once()
    {
        _metrics.Silent.Add(App);
        Assert.Empty(Look(0, App));
        _metrics.Silent.Clear();
        Assert.Empty(Look(1, App));
        _policies = new PolicySet(_policies.Policies);
        Assert.Equal([LiveCheck.MetricNowhere], Look(2, App));
    }

    private string[] Look(int seconds, params string[] apps) =>
        [.. _watch.Look(apps.Select(app => new AppRef(app, null)), Start.AddSeconds(seconds)).Select(finding => finding.Code)];
}
