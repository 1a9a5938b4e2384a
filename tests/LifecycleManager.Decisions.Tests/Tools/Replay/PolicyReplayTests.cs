using System.Globalization;
using System.Text;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Decisions.Tests.Tools.Replay;

public sealed class PolicyReplayTests : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("replay").FullName;

    private const string Target = """
        policy: steady
        app: /a
        instances: { min: 1, max: 20 }
        metrics:
          rps: { prometheus: r, rate: 1m, across: sum }
          cpu: { container: cpu }
        rules:
          - { rule: cpu, target: { metric: cpu, value: 60% } }
          - { rule: rps, target: { metric: rps, value: 100, per: instance } }
        """;

    [Fact]
    public void Two_policies_are_compared_over_a_recorded_day()
    {
        Write("a.yml", Target);
        Write("b.yml", Target.Replace("steady", "hasty", StringComparison.Ordinal) + "\nscaleIn: { stabilization: 0s }");
        Write("day.csv", Day(1));
        var (code, output, error) = Run(new ReplayOptions
        {
            PolicyFile = File_("a.yml"),
            CompareFile = File_("b.yml"),
            Data = [File_("day.csv")],
            Capacity = 100,
            Startup = TimeSpan.FromMinutes(2),
            Utilization = ["cpu"],
            Lag = TimeSpan.Zero,
            HtmlFile = File_("report.html"),
        });
        Assert.True(code == 0, error);
        Assert.Empty(error);
        Assert.Contains("1440 steps of 1m from 2026-01-01 00:00 UTC", output, StringComparison.Ordinal);
        var rows = output.Split('\n')
            .Select(line => line.Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            .Where(row => row.Length > 2).ToDictionary(row => row[0]);
        Assert.Equal(["steady", "hasty", "recorded", "change"], output.Split('\n')[1]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("240", rows["instance-hours"][3]);
        Assert.True(Number("instance-hours", 1) > Number("instance-hours", 2), output);
        Assert.InRange(Number("most instances", 1), 14, 20);
        Assert.InRange(Number("mean instances", 1), 5, 12);
        var html = File.ReadAllText(File_("report.html"));
        Assert.Equal(3, html.Split("<svg").Length - 1);
        Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);

        double Number(string row, int column) => double.Parse(rows[row][column], CultureInfo.InvariantCulture);
    }

    [Fact]
    public void A_slow_start_costs_objective_and_the_forecast_saves_it()
    {
        const string Plain = """
            policy: plain
            app: /a
            instances: { min: 1, max: 40 }
            metrics:
              rps: { prometheus: r, rate: 1m, across: sum }
            rules:
              - { rule: rps, target: { metric: rps, value: 80, per: instance } }
            scaleOut: { limit: none }
            """;
        Write("plain.yml", Plain);
        Write("early.yml", Plain.Replace("plain", "early", StringComparison.Ordinal)
            .Replace("rules:",
                "rules:\n  - { rule: early, forecast: { metric: rps, value: 80, per: instance, ahead: 20m, step: 5m } }",
                StringComparison.Ordinal));
        Write("days.csv", Day(5));
        var (code, output, error) = Run(new ReplayOptions
        {
            PolicyFile = File_("plain.yml"),
            CompareFile = File_("early.yml"),
            Data = [File_("days.csv")],
            Capacity = 100,
            Startup = TimeSpan.FromMinutes(10),
        });
        Assert.True(code == 0, error);
        var unserved = output.Split('\n').Single(line => line.StartsWith("load not carried", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(double.Parse(unserved[4].TrimEnd('%'), CultureInfo.InvariantCulture) < 0.6 * double.Parse(unserved[3]
            .TrimEnd('%'), CultureInfo.InvariantCulture), output);
    }

    [Fact]
    public void Prometheus_answers_and_own_history_are_read()
    {
        Write("a.yml",
            "policy: p\napp: /a\ninstances: { max: 9 }\nmetrics:\n  rps: { promql: x }\nrules:\n"
                + "  - { rule: r, target: { metric: rps, value: 10, per: instance } }");
        Write("prometheus.json",
            """{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"instance":"a"},"values":[[1767225600,"10"],[1767225660,"20"]]},{"metric":{"instance":"b"},"values":[[1767225600,"5"],[1767225660,"15"]]}]}}""");
        var (code, output, _) =
            Run(new ReplayOptions
            {
                PolicyFile = File_("a.yml"),
                Data = ["rps=" + File_("prometheus.json")],
                Capacity = 10,
                Lag = TimeSpan.Zero,
            });
        Assert.Equal(0, code);
        Assert.Matches(@"most instances +4", output);

        Write("history.json",
            """[{"at":"2026-01-01T00:00:00Z","app":"/a","from":1,"to":2,"metrics":{"rps":14}},{"at":"2026-01-01T00:01:00Z","from":2,"to":3,"metrics":{"rps":24,"x":null}}]""");
        (code, output, _) = Run(new ReplayOptions { PolicyFile = File_("a.yml"), Data = [File_("history.json")] });
        Assert.Equal(0, code);
        Assert.Contains("recorded", output, StringComparison.Ordinal);
    }

    /// <summary>Of two tiers only the first was recorded to be loaded; the other follows it by a coordination alone.</summary>
    private const string Shop = """
        policy: web
        app: /shop/web
        instances: { min: 1, max: 20 }
        metrics: { rps: { promql: rps } }
        rules:
          - { rule: rps, target: { metric: rps, value: 100, per: instance } }
        scaleIn: { stabilization: 0s }
        ---
        policy: api
        app: /shop/a*
        instances: { min: 1, max: 20 }
        metrics: { calls: { promql: calls } }
        rules:
          - { rule: calls, target: { metric: calls, value: 100, per: instance } }
        scaleIn: { stabilization: 0s }
        dryRun: true
        ---
        coordination: shop
        apps: { web: /shop/web, api: /shop/api }
        rules:
          - { rule: follow, when: web.wanted > 2 * api.wanted, then: { api: { atLeast: web.wanted / 2 } } }
        """;

    [Fact]
    public void Several_apps_are_replayed_together_with_what_ties_them()
    {
        Write("shop.yml", Shop);
        Write("free.yml", Shop[..Shop.IndexOf("---\ncoordination", StringComparison.Ordinal)]);
        Write("shop.csv", "time,/shop/web:rps,/shop/web:instances,/shop/api:calls,/shop/old:instances\n"
            + string.Concat(Enumerable.Range(0, 10).Select(i => $"{1767225600 + (i * 60)},{(i < 5 ? 200 : 1000)},10,100,3\n")));
        var (code, output, error) = Run(new ReplayOptions
        {
            PolicyFile = File_("shop.yml"),
            CompareFile = File_("free.yml"),
            Data = [File_("shop.csv")],
            Capacity = 100,
            Capacities = new Dictionary<string, double> { ["/shop/api"] = 50 },
            HtmlFile = File_("report.html"),
        });
        Assert.True(code == 0, error);
        Assert.Contains("warning: no policy governs /shop/old; it has what was recorded", error, StringComparison.Ordinal);
        var lines = output.ReplaceLineEndings("\n").Split('\n');
        var api = Array.IndexOf(lines, "/shop/api");
        Assert.Contains("load /shop/api:calls, 50 per instance", lines[api + 1], StringComparison.Ordinal);
        Assert.Matches("^most instances +5 +1", lines[(api + 1)..].First(line => line.StartsWith("most",
            StringComparison.Ordinal)));
        var web = Array.IndexOf(lines, "/shop/web");
        Assert.Matches("^most instances +10 +10 +10",
            lines[(web + 1)..].First(line => line.StartsWith("most", StringComparison.Ordinal)));
        Assert.Equal(6, File.ReadAllText(File_("report.html")).Split("<svg").Length - 1);
    }

    [Theory]
    [InlineData("time,app,name,value\n2026-01-01T00:00:00.000Z,/shop/web,rps,900\n"
        + "2026-01-01T00:00:00.000Z,/shop/api,\"avg(calls, 5m)\",5\n2026-01-01T00:00:00.000Z,/shop/api,calls,100\n")]
    [InlineData("[{\"at\":\"2026-01-01T00:00:00Z\",\"app\":\"/shop/web\",\"metrics\":{\"rps\":900}},"
        + "{\"at\":\"2026-01-01T00:00:00Z\",\"app\":\"/shop/api\",\"metrics\":{\"calls\":100}}]")]
    public void The_managers_history_and_decisions_of_all_apps_are_a_recording(string recorded)
    {
        Write("shop.yml", Shop);
        Write("history", recorded);
        var (code, output, error) = Run(new ReplayOptions { PolicyFile = _path, Data = [File_("history")], Capacity = 100 });
        Assert.True(code == 0, error);
        Assert.Matches("(?s)/shop/api\n.*most instances +5.*/shop/web\n.*most instances +5", output.ReplaceLineEndings("\n"));
    }

    [Fact]
    public void Files_of_single_apps_are_put_together_by_their_names()
    {
        Write("shop.yml", Shop);
        Write("web.csv", "time,rps\n1767225600,900\n1767225660,900\n");
        Write("calls.json",
            """{"data":{"resultType":"matrix","result":[{"metric":{},"values":[[1767225600,"100"],[1767225660,"100"]]}]}}""");
        var options = new ReplayOptions
        {
            PolicyFile = File_("shop.yml"),
            Data = ["/shop/web=" + File_("web.csv"), "/shop/api:calls=" + File_("calls.json")],
        };
        var (code, _, error) = Run(options);
        Assert.Equal(2, code);
        Assert.Contains("/shop/api: say how much of the load one instance carries", error, StringComparison.Ordinal);
        (code, var output, error) = Run(options with { Capacity = 100 });
        Assert.True(code == 0, error);
        Assert.Matches("(?s)/shop/api\n.*most instances +5", output.ReplaceLineEndings("\n"));
    }

    [Theory]
    [InlineData("time,rps\n1,x", "line 2: 'x' is not a number")]
    [InlineData("time,rps\nyesterday,1", "line 2: 'yesterday' is not a time")]
    [InlineData("time,rps\n1,2,3", "line 2: 3 cells, but the header has 2")]
    [InlineData("time,app,name,value\nyesterday,/a,rps,1", "line 2: 'yesterday,/a,rps,1' is not a time, an "
        + "app, a name and a value")]
    [InlineData("time\n1", "the header must name the time and at least one metric")]
    [InlineData("time,rps\n", "no sample in the data")]
    [InlineData("time,other\n1,1", "no column 'of any metric of the policy'")]
    [InlineData("{\"data\":{\"resultType\":\"vector\",\"result\":[]}}", "a range query")]
    [InlineData("{", "could not be parsed as JSON")]
    [InlineData("[{}]", "a decision has no time 'at'")]
    [InlineData("{\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{},\"values\":[]}]}}", "the series has no name")]
    [InlineData("time,rps\n0,1\n0.001,1\n0.002,1\n100000000000,1", "give a longer step")]
    public void Data_that_is_none_is_named(string data, string message)
    {
        Write("a.yml",
            "policy: p\napp: /a\ninstances: { max: 9 }\nmetrics:\n  rps: { promql: x }\nrules:\n"
                + "  - { rule: r, target: { metric: rps, value: 10, per: instance } }");
        Write("data", data);
        var (code, _, error) = Run(new ReplayOptions { PolicyFile = File_("a.yml"), Data = [File_("data")], Capacity = 1 });
        Assert.Equal(2, code);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);

    internal static string Day(int days)
    {
        var csv = new StringBuilder("time,rps,instances\n");
        for (var minute = 0; minute < days * 1440; minute++)
        {
            var hour = minute / 60.0 % 24;
            var load = 300 + (700 * Math.Max(0, Math.Sin((hour - 6) / 12 * Math.PI))) + (hour is > 8 and < 8.5 ? 300 : 0);
            csv.Append(CultureInfo.InvariantCulture, $"{1767225600L + (minute * 60)},{load:0.##},10\n");
        }

        return csv.ToString();
    }

    private static (int Code, string Output, string Error) Run(ReplayOptions options)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        return (PolicyReplay.Run(options, output, error), output.ToString(), error.ToString());
    }

    private string File_(string name) => Path.Combine(_path, name);

    private void Write(string name, string text) => File.WriteAllText(File_(name), text);
}
