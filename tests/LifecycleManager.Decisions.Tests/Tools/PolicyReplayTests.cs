using System.Globalization;
using System.Text;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Decisions.Tests.Tools;

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
            "policy: p\napp: /a\ninstances: { max: 9 }\nmetrics:\n  rps: { promql: x }\nrules:\n  - { rule: r, target: { metric: rps, value: 10, per: instance } }");
        Write("prometheus.json",
            """{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"instance":"a"},"values":[[1767225600,"10"],[1767225660,"20"]]},{"metric":{"instance":"b"},"values":[[1767225600,"5"],[1767225660,"15"]]}]}}""");
        var (code, output, _) =
            Run(new ReplayOptions { PolicyFile = File_("a.yml"), Data = ["rps=" + File_("prometheus.json")], Capacity = 10 });
        Assert.Equal(0, code);
        Assert.Matches(@"most instances +4", output);

        Write("history.json",
            """[{"at":"2026-01-01T00:00:00Z","app":"/a","from":1,"to":2,"metrics":{"rps":14}},{"at":"2026-01-01T00:01:00Z","from":2,"to":3,"metrics":{"rps":24,"x":null}}]""");
        (code, output, _) = Run(new ReplayOptions { PolicyFile = File_("a.yml"), Data = [File_("history.json")] });
        Assert.Equal(0, code);
        Assert.Contains("recorded", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("time,rps\n1,x", "line 2: 'x' is not a number")]
    [InlineData("time,rps\nyesterday,1", "line 2: 'yesterday' is not a time")]
    [InlineData("time,rps\n1,2,3", "line 2: 3 cells, but the header has 2")]
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
            "policy: p\napp: /a\ninstances: { max: 9 }\nmetrics:\n  rps: { promql: x }\nrules:\n  - { rule: r, target: { metric: rps, value: 10, per: instance } }");
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
