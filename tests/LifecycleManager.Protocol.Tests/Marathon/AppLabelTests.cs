using System.Text.RegularExpressions;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Protocol.Tests.Marathon;

/// <summary>The labels that are heeded: one table, which people read and code knows.</summary>
public sealed partial class AppLabelTests
{
    [Fact]
    public void The_table_that_people_read_is_made_from_the_code()
    {
        string[] table =
        [
            "| label | is |", "| --- | --- |",
            .. AppLabel.All.Select(label => $"| `{label.Name}` | {label.Meaning} |"),
            "", $"Of pods are heeded {From(LabelPlace.Pod)}; "
                + $"of their containers {From(LabelPlace.Container)}; others are told likewise.",
        ];
        var readme = File.ReadAllText(Repository.Path("rules/README.md")).ReplaceLineEndings("\n");
        Assert.True(readme.Contains(string.Join('\n', table), StringComparison.Ordinal),
            "rules/README.md is to have this table:\n" + string.Join('\n', table));
    }

    [Fact]
    public void Every_label_that_the_source_names_is_in_the_table()
    {
        var named = Directory.EnumerateFiles(Repository.Path("src"), "*.cs", SearchOption.AllDirectories)
            // The agents' labels are of Docker's containers, those of traces are attributes of spans.
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)
                && !file.EndsWith("Tracing.cs", StringComparison.Ordinal)
                && !file.Contains("LifecycleManager.Agent", StringComparison.Ordinal))
            .SelectMany(file => Label().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)).Distinct();

        // What ends with a dot is what others begin with; lcm.app is metadata of Eureka's instances.
        Assert.DoesNotContain(named, name => name != "lcm.app" && !name.EndsWith('.') && !AppLabel.IsKnown(name));
    }

    [Theory]
    [InlineData("owner", true)]
    [InlineData("HAPROXY_0_VHOST", true)]
    [InlineData("lcm.priority", true)]
    [InlineData("lcm.proxy.0.vhost", true)]
    [InlineData("lcm.proxy.12.mode", true)]
    [InlineData("lcm.eureka.metadata.zone", true)]
    [InlineData("lcm.metrics.param.match[]", true)]
    [InlineData("lcm.metric.path", false)]
    [InlineData("lcm.Priority", false)]
    [InlineData("lcm.proxy.x.vhost", false)]
    [InlineData("lcm.proxy.0.vhost.more", false)]
    [InlineData("lcm.eureka.metadata.", false)]
    [InlineData("lcm.", false)]
    public void A_label_that_begins_as_ours_do_is_one_of_them_or_unknown(string name, bool known) =>
        Assert.Equal(known, AppLabel.IsKnown(name));

    private static string From(LabelPlace place) =>
        string.Join(", ", AppLabel.All.Where(label => label.Place >= place).Select(label => $"`{label.Name}`"));

    [GeneratedRegex("\"(lcm\\.[A-Za-z0-9.]*)\"")]
    private static partial Regex Label();
}
