using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Benchmarks.Decisions;

/// <summary>
/// A year of one-minute samples through <c>lcm policy replay</c>, reading the file included. The promise is under 2 s.
/// </summary>
[MemoryDiagnoser]
public class ReplayBenchmarks
{
    private readonly string _directory = Directory.CreateTempSubdirectory("replay").FullName;

    /// <summary>Writes the year and the policy.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var csv = new StringBuilder("time,rps\n");
        for (var minute = 0; minute < 365 * 1440; minute++)
        {
            var load = 300 + (700 * Math.Max(0, Math.Sin(((minute / 60.0 % 24) - 6) / 12 * Math.PI)));
            csv.Append(CultureInfo.InvariantCulture, $"{1767225600L + (minute * 60)},{load:0.##}\n");
        }

        File.WriteAllText(Path.Combine(_directory, "year.csv"), csv.ToString());
        File.WriteAllText(Path.Combine(_directory, "policy.yml"), """
            policy: year
            app: /a
            instances: { min: 1, max: 40 }
            metrics:
              rps: { prometheus: r, rate: 1m, across: sum }
            rules:
              - { rule: keep, target: { metric: rps, value: 80, per: instance } }
              - { rule: burst, when: rps > 90 * instances and healthy == instances, for: 2m, then: { add: 1 } }
            """);
    }

    /// <summary>Reads, replays, writes the table.</summary>
    [Benchmark]
    public int Year() => PolicyReplay.Run(
        new ReplayOptions
        {
            PolicyFile = Path.Combine(_directory, "policy.yml"),
            Data = [Path.Combine(_directory, "year.csv")],
            Capacity = 100
        }, TextWriter.Null, System.Console.Error);

    /// <summary>Removes the files.</summary>
    [GlobalCleanup]
    public void Cleanup() => Directory.Delete(_directory, recursive: true);
}
