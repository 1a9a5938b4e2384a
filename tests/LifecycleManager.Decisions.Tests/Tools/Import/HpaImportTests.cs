using System.Text.Json;

namespace LifecycleManager.Decisions.Tests.Tools.Import;

/// <summary>HorizontalPodAutoscalers as they are written, and as an API server gave them back.</summary>
public sealed class HpaImportTests
{
    private static readonly Dictionary<string, JsonElement> Objects = File
        .ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", "hpa-objects.jsonl"))
        .Select(line => JsonDocument.Parse(line).RootElement)
        .ToDictionary(one => one.GetProperty("id").GetString()!);

    [Theory]
    [InlineData("hpa-defaults")]
    [InlineData("hpa-resource")]
    [InlineData("hpa-container")]
    [InlineData("hpa-pods-object")]
    [InlineData("hpa-external-selector")]
    [InlineData("hpa-quantities")]
    [InlineData("hpa-behavior-full")]
    [InlineData("hpa-behavior-half")]
    [InlineData("hpa-behavior-empty")]
    [InlineData("hpa-v1-create")]
    public void What_the_server_gives_back_imports_as_what_was_written(string id)
    {
        var (written, given) = (Of(id, "written"), Of(id, "given"));
        Assert.Equal(written.Text, given.Text);
        Assert.Equal(written.Code, given.Code);
        _ = given.Policy;
    }

    [Theory]
    [InlineData("hpa-v1-view-behavior", "hpa-behavior-full")]
    [InlineData("hpa-v1-view-podsobject", "hpa-pods-object")]
    [InlineData("hpa-v1-view-container", "hpa-container")]
    [InlineData("hpa-v1-view-live", "hpa-status-live")]
    [InlineData("hpa-v2-view-old", "hpa-v1-create")]
    public void A_version_imports_as_the_other(string one, string other)
    {
        Assert.Equal(Of(other, "given").Text, Of(one, "given").Text);
        Assert.Equal(Of(other, "given").Code, Of(one, "given").Code);
    }

    [Fact]
    public void A_list_that_the_server_has_cut_tells_it()
    {
        var list = Of("hpa-list-limit", "given");
        Assert.Equal("behavior", list.Policy.Name);
        Assert.Contains("the list was cut", Assert.Single(list.Lost), StringComparison.Ordinal);
        Assert.Equal(1, list.Code);
    }

    [Fact]
    public void Real_quantities_become_their_values()
    {
        var import = Of("hpa-quantities", "given");
        string[] values = ["0.0005", "3000000000000000", "1000", "2147483648", "1.5", "0.0005", "1.5", "5500000000", "0.0000001",
            "1000000000000000000"];
        Assert.Equal(values, import.Text.Split('\n').Where(line => line.Contains("value: ", StringComparison.Ordinal))
            .Select(line => line.Split("value: ")[1].Split(',', ' ')[0]));
        // 2,400 of "a" at 2 instances: ceil(2 * 2400 / 0.0005) is beyond the greatest count.
        Assert.Equal(10, import.Policy.Instances.Max);
    }

    [Fact]
    public void The_servers_own_words_are_no_loss()
    {
        var import = Of("hpa-resource", "given").LosesNothing();
        Assert.Contains("note: 'status' is what the API server", import.Error, StringComparison.Ordinal);
        Assert.Contains("note: 'metadata.uid'", import.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("uid", import.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Selectors_and_objects_are_part_of_the_query()
    {
        Assert.Equal("""sum(queue_depth{queue="orders",tier=~"a|b",gone=""})""",
            Assert.Single(Of("hpa-external-selector", "given").LosesNothing().Policy.Metrics).Query.Selector);
        var objects = Of("hpa-pods-object", "given");
        Assert.Equal(["""http_requests_per_second{verb="GET"}""", """sum(rps{ingress="main"})""", """sum(rps{ingress="main"})"""],
            objects.Policy.Metrics.Select(metric => metric.Query.Selector));
        Assert.Contains("StatefulSet", Assert.Single(objects.Lost), StringComparison.Ordinal);
    }

    [Fact]
    public void The_container_of_a_metric_is_lost_with_its_place()
    {
        var import = Of("hpa-container", "given");
        Assert.Equal(2, import.Lost.Count(line => line.Contains(".container'", StringComparison.Ordinal)));
        Assert.Equal(1, import.Code);
        Assert.Contains("value: 2147483648", import.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Behaviour_is_the_sources_with_its_defaults()
    {
        var full = Of("hpa-behavior-full", "given").LosesNothing().Text;
        Assert.Contains("scaleOut: { stabilization: 30s, limit: [ 2 per 1m, 50% per 30s ], select: min }", full,
            StringComparison.Ordinal);
        Assert.Contains("scaleIn: { stabilization: 5m, limit: [ 100% per 15s ], select: disabled }", full,
            StringComparison.Ordinal);
        Assert.Contains("tolerance: 0.05", full, StringComparison.Ordinal);
        Assert.Contains("scaleOut: { stabilization: 30s, limit: [ 4 per 15s, 100% per 15s ] }",
            Of("hpa-behavior-half", "given").LosesNothing().Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(119, 10)]
    [InlineData(121, 13)]
    [InlineData(96, 10)]
    [InlineData(94, 10)]
    public void A_tolerance_has_a_direction(double value, int count)
    {
        // Kubernetes: at 10 with a target of 100 and a tolerance of 20 % up, 5 % down; nothing shrinks within 5 minutes.
        var import = Importing.Of("hpa.yaml", Hpa("""
              metrics:
              - { type: External, external: { metric: { name: m }, target: { type: Value, value: 100 } } }
              behavior: { scaleUp: { tolerance: 0.2 }, scaleDown: { tolerance: 50m } }
            """)).LosesNothing();
        Assert.Contains("tolerance: { scaleOut: 0.2, scaleIn: 0.05 }", import.Text, StringComparison.Ordinal);
        var cluster = import.At(10);
        cluster.Metrics["sum(m)"] = value;
        cluster.Metrics["m"] = value;
        Assert.Equal(count, cluster.Tick().To);
    }

    [Theory]
    [InlineData("500u")]
    [InlineData("3P")]
    [InlineData("0.0000005Ki")]
    public void A_quantity_is_never_another(string text)
    {
        var import = Importing.Of("hpa.yaml", Hpa($$"""
              metrics:
              - { type: External, external: { metric: { name: m }, target: { type: AverageValue, averageValue: {{text}} } } }
            """)).LosesNothing();
        Assert.DoesNotContain("value: 1,", import.Text, StringComparison.Ordinal);
        Assert.True(LifecycleManager.Decisions.Tools.Import.Quantity.TryParse(text, out var quantity));
        Assert.Contains($"value: {quantity}, per: instance", import.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("  metrics:\n  - { type: External, external: { metric: { name: m }, target: { type: Value, value: 5x } } }",
        "7:86", "a quantity")]
    [InlineData("  metrics:\n  - { type: External, external: { metric: { name: m }, target: { type: Value, value: 0 } } }",
        "7:33", "no metric and target")]
    [InlineData("  metrics:\n  - { type: Resource, resource: { name: cpu, target: { averageUtilization: many } } }", "7:76",
        "a whole number")]
    [InlineData("  metrics:\n  - { type: Resource, resource: { name: nvidia.com/gpu, target: { averageUtilization: 5 } } }",
        "7:33", "has no counterpart")]
    [InlineData(
        "  metrics:\n  - { type: Resource, resource: { name: cpu, target: { type: AverageValue, averageUtilization: 5 } } }",
        "7:56", "is not that of the value given")]
    [InlineData("  metrics:\n  - { type: Pods, pods: { metric: { name: m }, target: { type: Value, averageValue: 5 } } }",
        "7:58", "is not that of the value given")]
    [InlineData("  metrics:\n  - { type: External, external: { metric: { name: m }, target: { type: Value, averageValue: 5 } } }",
        "7:66", "is not that of the value given")]
    [InlineData("  metrics:\n  - { type: External, external: { metric: { name: m }, target: { value: 5, averageValue: 5 } } }",
        "7:33", "no metric and target")]
    [InlineData("  metrics:\n  - { type: External, external: { metric: { name: m, selector: q=x }, target: { value: 5 } } }",
        "7:64", "must be a mapping")]
    [InlineData("  metrics:\n  - { type: Weather }", "7:5", "has no counterpart")]
    [InlineData("  colour: red", "6:3", "'spec.colour' has no counterpart")]
    [InlineData("  behavior: { scaleUp: { policies: [ { type: Pods, value: 4 } ] } }", "6:38", "a limit is")]
    [InlineData("  behavior: { scaleUp: { selectPolicy: Most } }", "6:26", "must be Max, Min or Disabled")]
    [InlineData("  behavior: { scaleUp: { tolerance: 2 } }", "6:26", "must be at least 0 and below 1")]
    public void What_cannot_be_read_is_lost_with_its_place_and_replaced_by_nothing(string spec, string place, string about)
    {
        var import = Importing.Of("hpa.yaml", Hpa(spec)).Loses(place, about);
        if (spec.Contains("metrics", StringComparison.Ordinal)) Assert.Empty(import.Policy.Rules);
    }

    [Fact]
    public void Names_that_prometheus_would_reckon_with_stand_in_quotes()
    {
        var import = Importing.Of("hpa.yaml", Hpa("""
              metrics:
              - { type: Pods, pods: { metric: { name: packets-per-second }, target: { averageValue: 1k } } }
              - { type: External, external: { metric: { name: a/b, selector: { matchLabels: { c: d } } }, target: { value: 1 } } }
            """)).LosesNothing();
        Assert.Equal(["{\"packets-per-second\"}", "sum({\"a/b\",c=\"d\"})"],
            import.Policy.Metrics.Select(metric => metric.Query.Selector));
    }

    [Theory]
    [InlineData("", "no 'behavior' is given")]
    [InlineData("  behavior: {}", "")]
    public void Limits_where_none_are_given_are_told(string behavior, string note)
    {
        var import = Importing.Of("hpa.yaml", Hpa(behavior)).LosesNothing();
        if (note.Length > 0) Assert.Contains(note, import.Error, StringComparison.Ordinal);
        else Assert.DoesNotContain("behavior", import.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("maxReplicas: lots")]
    [InlineData("minReplicas: 1.5, maxReplicas: 3")]
    [InlineData("minReplicas: 5, maxReplicas: 3")]
    [InlineData("minReplicas: 1")]
    public void Without_bounds_there_is_no_policy(string bounds)
    {
        var import = Importing.Of("hpa.yaml", "kind: HorizontalPodAutoscaler\nmetadata: { name: web, namespace: shop }\n"
            + $"spec: {{ scaleTargetRef: {{ kind: Deployment, name: web }}, {bounds} }}");
        Assert.Equal((1, ""), (import.Code, import.Output));
        Assert.Contains("no policy was made of 'web'", import.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_namespace_default_is_part_of_the_id() => Assert.Equal("/default/web", Importing.Of("hpa.yaml", Hpa(""))
        .Policy.App.Text);

    [Fact]
    public void Cpu_at_80_percent_is_the_default_and_not_where_metrics_could_not_be_read()
    {
        Assert.Contains("value: 0.8", Importing.Of("hpa.yaml", Hpa("")).LosesNothing().Text, StringComparison.Ordinal);
        Assert.Empty(Importing.Of("hpa.yaml", Hpa("  metrics: none")).Loses("6:12", "a list").Policy.Rules);
    }

    private static string Hpa(string more) =>
        "kind: HorizontalPodAutoscaler\nmetadata: { name: web, namespace: default }\nspec:\n"
        + "  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }\n  maxReplicas: 100\n" + more;

    private static Importing Of(string id, string which) =>
        Importing.Of("hpa.json", Objects[id].GetProperty(which).GetRawText());
}
