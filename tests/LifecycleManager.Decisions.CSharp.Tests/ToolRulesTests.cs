using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Decisions.CSharp.Tests;

/// <summary>The policy tools run rules in C# where they are allowed to, and say what they leave out.</summary>
public sealed class ToolRulesTests : IDisposable
{
    private const string Policies = """
        policy: web
        app: /shop/web
        instances: { min: 1, max: 20 }
        metrics: { rps: { prometheus: requests_total, rate: 1m, across: sum } }
        rules: [ { rule: requests, target: { metric: rps, value: 10, per: instance } } ]
        scaleOut: { limit: none }
        ---
        policy: api
        app: /shop/api
        instances: { min: 1, max: 20 }
        metrics: { cpu: { container: cpu } }
        rules: [ { rule: cpu, target: { metric: cpu, value: 60% } } ]
        scaleOut: { limit: none }
        """;

    private const string Follows = """
        using LifecycleManager.Rules;
        using NRules.Fluent.Dsl;
        [Name("the api follows the web tier")]
        [Apps("/shop/web", "/shop/api")]
        public sealed class Follows : Rule
        {
            public override void Define()
            {
                App web = default!, api = default!;
                When().Match(() => web, app => app.Id == "/shop/web")
                    .Match(() => api, app => app.Id == "/shop/api", app => web.Wanted > app.Wanted);
                Then().Yield(_ => new AtLeast(api, web.Wanted, "as many as web"));
            }
        }
        """;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lcm-tool-rules-");
    private readonly ToolRules _rules = new(TimeProvider.System);
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    private static string Example => Path.Combine(AppContext.BaseDirectory, "rules/examples");

    private string Said => _output.ToString() + _error;

    public void Dispose()
    {
        _rules.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public void The_example_passes_its_tests() =>
        Assert.True(PolicyTest.Run([Example], _output, _error, rules: _rules) == 0, Said);

    [Fact]
    public void Without_leave_a_directory_s_tests_of_code_are_skipped_and_told_and_a_named_file_is_refused()
    {
        Write("a.yml", "policy: a\napp: /a\ninstances: { min: 1, max: 2 }\n"
            + "rules: [ { rule: r, when: healthy < 1, then: { add: 1 } } ]");
        Write("a.test.yml", "tests: [ { name: a, app: /a, counts: '1' } ]");
        Assert.True(PolicyTest.Run([Example, _directory.FullName], _output, _error) == 0, Said);
        Assert.Contains("its rules in C# are run with --csharp-rules alone", Said);
        Assert.Contains("1 passed, 0 failed, 1 file skipped", Said);

        Assert.Equal(2, PolicyTest.Run([Path.Combine(Example, "store.test.yml")], _output, _error));
        Assert.Contains("store.test.yml: rules in C# are run by lcm policy with --csharp-rules alone", Said);
    }

    [Fact]
    public void A_check_compiles_them_and_names_the_place()
    {
        var file = Write("bad.cs", Follows.Replace(
            "web.Wanted > app.Wanted", "web.Wanted > app.Wishes", StringComparison.Ordinal));
        Write("shop.yml", Policies);
        Assert.Equal(1, PolicyCheck.Run([_directory.FullName], CheckFormat.Text, false, _output, _error, rules: _rules));
        Assert.Contains($"{file}:11:", Said);
        Assert.Contains("CS1061", Said);

        // By itself the directory is one of policies.
        Assert.Equal(0, PolicyCheck.Run([_directory.FullName], CheckFormat.Text, false, _output, _error));
        Assert.Equal(2, PolicyCheck.Run([file], CheckFormat.Text, false, _output, _error));
    }

    [Fact]
    public void A_metric_that_code_alone_reads_is_read_and_no_unused_one()
    {
        Write("shop.yml", """
            policy: api
            app: /shop/api
            instances: { min: 1, max: 20 }
            metrics: { queue: { rabbitmq: orders } }
            rules: [ { rule: few, when: healthy < 1, then: { add: 1 } } ]
            """);
        Write("queue.cs", """
            using LifecycleManager.Rules;
            using NRules.Fluent.Dsl;
            [Name("the queue is worked off")]
            [Apps("/shop/api")]
            public sealed class Queue : Rule
            {
                public override void Define()
                {
                    App api = default!;
                    When().Match(() => api, app => app["queue"] > 100);
                    Then().Yield(_ => new AtLeast(api, 7, "it is long"));
                }
            }
            """);
        var test = Write("shop.test.yml", """
            policies: [ shop.yml, queue.cs ]
            tests:
              - { name: long, app: /shop/api, instances: 2, series: { queue: '500x3' }, expect: [ { at: 1m, instances: 7 } ] }
            """);
        PolicyCheck.Run([_directory.FullName], CheckFormat.Text, strict: false, _output, _error, rules: _rules);
        Assert.DoesNotContain("unused-metric", Said);
        Assert.True(PolicyTest.Run([test], _output, _error, rules: _rules) == 0, Said);
    }

    [Fact]
    public void A_rule_that_throws_fails_the_test_with_its_reason()
    {
        Write("shop.yml", Policies);
        Write("follows.cs", Follows.Replace("\"as many as web\"", "web.Labels[\"tier\"]", StringComparison.Ordinal));
        var test = Write("shop.test.yml", """
            policies: [ shop.yml, follows.cs ]
            tests:
              - name: follows
                apps:
                  /shop/web: { instances: 2, series: { rps: '90x3' } }
                  /shop/api: { instances: 2, series: { cpu: '0.6x3' } }
                expect: [ { at: 1m, /shop/api: 9 } ]
            """);
        Assert.Equal(1, PolicyTest.Run([test], _output, _error, rules: _rules));
        Assert.Contains("the api follows the web tier", Said);
        Assert.Contains("tier", Said);
    }

    [Fact]
    public void A_replay_runs_them_and_without_leave_warns()
    {
        Write("shop.yml", Policies);
        Write("follows.cs", Follows);
        var data = Write("shop.csv", "time,/shop/web:rps,/shop/api:cpu,/shop/web:instances,/shop/api:instances\n"
            + string.Concat(Enumerable.Range(0, 20).Select(i => $"{i * 60},{(i < 5 ? 20 : 90)},0.6,2,2\n")));
        var options = new ReplayOptions { PolicyFile = _directory.FullName, Data = [data], Capacity = 10 };
        Assert.True(PolicyReplay.Run(options, _output, _error, rules: _rules) == 0, Said);
        var withCode = _output.ToString();
        _output.GetStringBuilder().Clear();
        Assert.Equal(0, PolicyReplay.Run(options, _output, _error));
        Assert.Contains("rules in C# are run by lcm policy with --csharp-rules alone", _error.ToString());
        Assert.NotEqual(withCode, _output.ToString());
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }
}
