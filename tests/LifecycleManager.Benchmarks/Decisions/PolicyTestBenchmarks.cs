using BenchmarkDotNet.Attributes;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Benchmarks.Decisions;

/// <summary>A hundred tests of three apps that are tied together, over an hour each. The promise is under 2 s.</summary>
[MemoryDiagnoser]
public class PolicyTestBenchmarks
{
    private const string Policies = """
        policy: web
        app: /shop/web
        instances: { min: 1, max: 20 }
        metrics: { load: { promql: load } }
        rules: [ { rule: own, when: load >= 0, then: { set: load } } ]
        ---
        policy: rest
        app: /shop/*
        instances: { min: 1, max: 20 }
        metrics: { load: { promql: load } }
        rules: [ { rule: own, when: load >= 0, then: { set: load } } ]
        ---
        coordination: shop
        apps: { web: /shop/web, api: /shop/api, batch: '/shop/batch-*' }
        rules:
          - { rule: follow, when: web.wanted > 2 * api.wanted, then: { api: { atLeast: web.wanted / 2 } } }
          - { rule: room, when: cluster.waiting > 0, then: { batch: { atMost: batch.instances - 1 } } }
        ---
        budget: shop
        apps: /shop/*
        instances: 30
        """;

    private readonly MemoryFiles _files = new(new Dictionary<string, string>
    {
        ["shop.yml"] = Policies,
        ["shop.test.yml"] = "tests:\n" + string.Concat(Enumerable.Range(0, 100).Select(i => $$"""
              - name: t{{i}}
                apps:
                  /shop/web: { instances: 2, priority: 10, series: { load: '2x20 9x60' } }
                  /shop/api: { instances: 1, series: { load: '1x90' } }
                  /shop/batch-a: { instances: 5, series: { load: '5x90' } }
                expect: [ { at: 1h, /shop/web: 9, /shop/api: 5, /shop/batch-a: 5 } ]

            """)),
    });

    /// <summary>Reads the files and runs the tests.</summary>
    [Benchmark]
    public int Hundred() => PolicyTest.Run(["shop.test.yml"], TextWriter.Null, System.Console.Error, _files);
}
