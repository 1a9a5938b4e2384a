using LifecycleManager.Decisions.Engine;

namespace LifecycleManager.Decisions.Tests.Engine;

public sealed class FirstTests
{
    private const string Chapter = """
        policy: search
        app: /search
        instances: { min: 1, max: 10 }
        metrics:
          tpm: { actuator: gauge.servo.tpm, across: sum }
        rules:
          - rule: too many transactions
            when: tpm > 10 * instances
            for: 30s
            then: { add: 1 }
        """;

    [Fact]
    public void The_books_example_scales_out_and_the_reason_reads_so()
    {
        using var cluster = new Cluster(Chapter, 2) { Metrics = { ["gauge.servo.tpm"] = 24 } };
        Assert.Equal("no rule asks for a change", cluster.Tick().Reason);
        cluster.Run(TimeSpan.FromSeconds(25));
        Assert.Equal(2, cluster.Instances);
        var decision = cluster.Tick();
        Assert.Equal("too many transactions: tpm 24 > 10 * instances 2 for 30s, +1", decision.Reason);
        Assert.Equal((2, 3, DecisionKind.ScaleOut), (decision.From, decision.To, decision.Kind));
        Assert.Equal(24, decision.Metrics["tpm"]);
    }
}
