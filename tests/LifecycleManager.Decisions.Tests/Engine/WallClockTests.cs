using CsCheck;

namespace LifecycleManager.Decisions.Tests.Engine;

/// <summary>Somebody sets the wall clock: waits, windows, limits and cooldowns do not care.</summary>
public sealed class WallClockTests
{
    private const string Policy = """
        policy: search
        app: /search
        instances: { min: 1, max: 20 }
        metrics:
          tpm: { actuator: tpm, across: sum }
        rules:
          - { rule: more, when: tpm > 10 * instances, for: 15s, then: { add: 2 } }
          - { rule: fewer, when: tpm < 5 * instances, then: { remove: 1 } }
        onMissingMetrics: { use: max, after: 40s }
        scaleOut: { stabilization: 10s, cooldown: 20s, limit: [ 4 per 1m ] }
        scaleIn: { stabilization: 1m, cooldown: 30s, limit: [ 2 per 1m ] }
        """;

    [Fact]
    public void Jumps_of_the_wall_clock_change_no_decision() =>
        Gen.Select(
            Gen.Frequency((3, Gen.Int[0, 200].Select(value => (double?)value)), (1, Gen.Bool.Select(_ => (double?)null))),
            Gen.Frequency((5, Gen.Int[0, 0]), (1, Gen.Int[-120, 120])))
        .Array[1, 60]
        .Sample(ticks =>
        {
            var steady = new Cluster(Policy, 4);
            var jumping = new Cluster(Policy, 4);
            foreach (var (value, minutes) in ticks)
            {
                jumping.Jump += TimeSpan.FromMinutes(minutes);
                foreach (var metrics in new[] { steady.Metrics, jumping.Metrics })
                {
                    if (value is { } known) metrics["tpm"] = known;
                    else metrics.Remove("tpm");
                }

                Assert.Equal(steady.Tick().To, jumping.Tick().To);
            }
        }, iter: 500);
}
