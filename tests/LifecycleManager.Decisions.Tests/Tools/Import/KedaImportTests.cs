namespace LifecycleManager.Decisions.Tests.Tools.Import;

/// <summary>KEDA's keys beside what became of them.</summary>
public sealed class KedaImportTests
{
    private const string Plain = "{ type: redis, metadata: { listName: jobs, listLength: '5' } }";

    [Theory]
    [InlineData("queryParameters: a=b", "queryParameters")]
    [InlineData("customHeaders: X-A=b", "customHeaders")]
    [InlineData("authModes: bearer", "authModes")]
    [InlineData("namespace: shop", "namespace")]
    [InlineData("unsafeSsl: 'true'", "unsafeSsl")]
    [InlineData("colour: red", "colour")]
    [InlineData("ignoreNullValues: perhaps", "ignoreNullValues")]
    public void What_prometheus_would_be_asked_otherwise_is_lost(string key, string about)
    {
        var import = Triggers($"{{ type: prometheus, metadata: {{ query: up, threshold: '1', {key} }} }}");
        Assert.StartsWith("7:", import.Lost.Single(line => line.Contains(about, StringComparison.Ordinal)),
            StringComparison.Ordinal);
        Assert.Equal(1, import.Code);
        Assert.Single(import.Policy.Rules);
    }

    [Theory]
    [InlineData("", "(up) or on() vector(0)")]
    [InlineData(", ignoreNullValues: 'true'", "(up) or on() vector(0)")]
    [InlineData(", ignoreNullValues: 'false'", "up")]
    public void No_series_are_zero_unless_they_must_not_be(string more, string query)
    {
        var import = Triggers(
            $"{{ type: prometheus, metadata: {{ serverAddress: 'http://p', query: up, threshold: '1'{more} }} }}")
            .LosesNothing();
        Assert.Equal(query, Assert.Single(import.Policy.Metrics).Query.Selector);
        Assert.Contains("note: 'spec.triggers[0].metadata.serverAddress'", import.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rabbitmq, metadata: { queueName: q }", "value: 20, per: instance")]
    [InlineData("rabbitmq, metadata: { queueName: q, queueLength: '7' }", "value: 7, per: instance")]
    [InlineData("redis, metadata: { listName: q }", "value: 5, per: instance")]
    [InlineData("redis-streams, metadata: { stream: q, consumerGroup: g }", "value: 5, per: instance")]
    [InlineData("redis-streams, metadata: { stream: q }", "read: stream }")]
    [InlineData("kafka, metadata: { topic: q, consumerGroup: g, allowIdleConsumers: 'true' }", "value: 10, per: instance")]
    [InlineData("rabbitmq, metricType: Value, metadata: { queueName: q, mode: QueueLength, value: '7' }", "value: 7 }")]
    [InlineData("rabbitmq, metadata: { queueName: q, mode: MessageRate, value: '0.2999' }", "value: 0.299, per: instance")]
    [InlineData("rabbitmq, metadata: { queueName: q, protocol: amqp }", "read: ready")]
    [InlineData("rabbitmq, metadata: { queueName: q, host: 'amqp://u:secret@r:5672/shop' }", "vhost: shop, read: ready")]
    [InlineData("rabbitmq, metadata: { queueName: '^orders-.*$', useRegex: 'true', operation: max }",
        "rabbitmq: 'orders-*', across: max")]
    [InlineData("rabbitmq, metadata: { queueName: orders, useRegex: 'true' }", "rabbitmq: '*orders*'")]
    [InlineData("cpu, metricType: AverageValue, metadata: { value: 500m }", "value: 0.5 }")]
    [InlineData("cpu, metadata: { type: Utilization, value: '60' }", "value: 0.6 }")]
    public void Defaults_and_words_are_kedas(string trigger, string text)
    {
        var import = Triggers($"{{ type: {trigger} }}").LosesNothing();
        Assert.Contains(text, import.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", import.Output + import.Error, StringComparison.Ordinal);
        _ = import.Policy;
    }

    [Theory]
    [InlineData("prometheus, metadata: { query: up }")]
    [InlineData("prometheus, metadata: { query: up, threshold: 500m }")]
    [InlineData("prometheus, metadata: { query: up, threshold: '1', activationThreshold: some }")]
    [InlineData("prometheus, metadata: { threshold: '1' }")]
    [InlineData("prometheus, metricType: Utilization, metadata: { query: up, threshold: '1' }")]
    [InlineData("rabbitmq, metadata: { queueName: q, mode: DeliverGetRate }")]
    [InlineData("rabbitmq, metadata: { queueName: '^(a|b)$', useRegex: 'true' }")]
    [InlineData("kafka, metadata: { topic: q, consumerGroup: g, offsetResetPolicy: newest }")]
    [InlineData("redis-streams, metadata: { stream: q, consumerGroup: g, lagCount: x }")]
    [InlineData("metrics-api, metadata: { url: 'http://x/a', valueLocation: a, format: xml, targetValue: '1' }")]
    [InlineData("metrics-api, metadata: { url: here, valueLocation: a, targetValue: '1' }")]
    [InlineData("cpu, metadata: { value: lots }")]
    [InlineData("cron, metadata: { start: 0 8 * * *, end: 0 9 * * *, desiredReplicas: '3' }")]
    [InlineData("cron, metadata: { start: 0 8 * * *, end: 0 9 * * *, timezone: UTC, desiredReplicas: x }")]
    [InlineData("rabbitmq, metadata: { queueName: q, mode: MessageRate }")]
    [InlineData("rabbitmq, metadata: { queueName: q, value: '7' }")]
    [InlineData("rabbitmq, metadata: { queueName: q, queueLength: '7', mode: QueueLength }")]
    [InlineData("pulsar, metadata: { topic: t }")]
    public void A_trigger_that_cannot_be_read_makes_no_rule(string trigger) =>
        Assert.Empty(Triggers($"{{ type: {trigger} }}").Loses("7:5", "'spec.triggers[0]' was left out").Policy.Rules);

    [Theory]
    [InlineData("static", "onMissingMetrics: { fallback: 4, after: 1m30s }")]
    [InlineData("currentReplicas", "onMissingMetrics: hold")]
    [InlineData("currentReplicasIfHigher", "onMissingMetrics: { atLeast: 4, after: 1m30s }")]
    public void A_fallback_is_kedas(string behavior, string text) => Assert.Contains(text, Object(
        $"fallback: {{ failureThreshold: 3, replicas: 4, behavior: {behavior} }}").LosesNothing().Text, StringComparison.Ordinal);

    [Theory]
    [InlineData("fallback: { failureThreshold: 3, replicas: 4, behavior: currentReplicasIfLower }", "6:49", "has no counterpart")]
    [InlineData("fallback: { failureThreshold: 3, replicas: few }", "6:13", "was left out")]
    [InlineData("fallback: { replicas: 4 }", "6:13", "was left out")]
    [InlineData("initialCooldownPeriod: 30", "6:3", "initialCooldownPeriod")]
    [InlineData("idleReplicaCount: 0", "6:3", "became the least count")]
    [InlineData("minReplicas: 3", "6:3", "did you mean 'minReplicaCount'?")]
    [InlineData("advanced: { restoreToOriginalReplicaCount: true }", "6:15", "has no counterpart")]
    [InlineData("pollingInterval: never", "6:20", "a whole number")]
    public void What_has_no_counterpart_is_lost_with_its_place(string spec, string place, string about) =>
        Assert.DoesNotContain("onMissingMetrics", Object(spec).Loses(place, about).Text, StringComparison.Ordinal);

    [Fact]
    public void A_formula_is_lost_with_the_triggers_it_reckons_with()
    {
        var import = Object("advanced: { scalingModifiers: { formula: a / 2, target: '1' } }");
        import.Loses("6:33", "a formula over triggers").Loses("8:5", "'scalingModifiers' reckons with it");
        Assert.Empty(import.Policy.Rules);
    }

    [Fact]
    public void The_topics_partitions_bound_the_count_of_keda_alone() => Triggers(
        "{ type: kafka, metadata: { topic: q, consumerGroup: g } }").Loses("7:30", "than the topic has partitions");

    [Theory]
    [InlineData("{ type: cpu, metadata: { value: '60' } }", "", "instances: { min: 1, max: 9 }")]
    [InlineData($"{Plain}\n  - {{ type: cpu, metadata: {{ value: '60' }} }}", "8:5", "instances: { min: 0, max: 9 }")]
    public void The_cpu_takes_nothing_to_zero(string triggers, string place, string bounds)
    {
        var import = Triggers(triggers);
        if (place.Length > 0) import.Loses(place, "the step to zero");
        else import.LosesNothing();
        Assert.Contains(bounds, import.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cron_asks_for_its_count_within_its_time_and_for_the_least_outside()
    {
        // KEDA: from 12:30 to 13:00 of each day 4, else the least, once five minutes have passed.
        var cluster = Triggers(
            "{ type: cron, metadata: { timezone: UTC, start: 30 12 * * *, end: 0 13 * * *, desiredReplicas: '4' } }")
            .LosesNothing().At(2);
        int[] at = [.. cluster.Run(TimeSpan.FromMinutes(90), seconds: 60)];
        Assert.Equal((0, 4, 4, 4, 0), (at[10], at[31], at[45], at[60], at[70]));
    }

    [Theory]
    [InlineData("static", 4)]
    [InlineData("currentReplicas", 7)]
    [InlineData("currentReplicasIfHigher", 7)]
    public void A_fallback_comes_once_it_has_failed_so_often(string behavior, int count)
    {
        var cluster = Object($"fallback: {{ failureThreshold: 3, replicas: 4, behavior: {behavior} }}").LosesNothing().At(7);
        Assert.Equal(7, cluster.Run(TimeSpan.FromSeconds(75), seconds: 15)[^1]);
        Assert.Equal(count, cluster.Run(TimeSpan.FromMinutes(8), seconds: 15)[^1]);
    }

    [Theory]
    [InlineData("autoscaling.keda.sh/paused: 'true'", "pause: all", "min: 0, max: 9")]
    [InlineData("autoscaling.keda.sh/paused: 'false'", "", "min: 0, max: 9")]
    [InlineData("autoscaling.keda.sh/paused-scale-in: 'true'", "pause: scaleIn", "min: 0, max: 9")]
    [InlineData("autoscaling.keda.sh/paused-replicas: '0'", "", "min: 0, max: 0")]
    [InlineData("autoscaling.keda.sh/paused-replicas: '4'", "", "min: 4, max: 4")]
    public void A_pause_is_what_it_was(string annotation, string pause, string bounds)
    {
        var import = Annotated(annotation).LosesNothing();
        Assert.Contains(bounds, import.Text, StringComparison.Ordinal);
        if (pause.Length > 0) Assert.Contains(pause, import.Text, StringComparison.Ordinal);
        else Assert.DoesNotContain("pause", import.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("autoscaling.keda.sh/paused-replicas: all")]
    [InlineData("autoscaling.keda.sh/paused: perhaps")]
    public void A_pause_that_cannot_be_read_makes_no_policy(string annotation)
    {
        var import = Annotated(annotation);
        Assert.Equal((1, ""), (import.Code, import.Output));
    }

    [Fact]
    public void Paused_at_none_an_app_goes_to_none_whatever_its_queue()
    {
        var cluster = Annotated("autoscaling.keda.sh/paused-replicas: '0'").At(3);
        cluster.Metrics["jobs"] = 1000;
        Assert.Equal(0, cluster.Run(TimeSpan.FromMinutes(10))[^1]);
    }

    [Theory]
    [InlineData("", 1000, 6)]
    [InlineData("", 11, 2)]
    [InlineData("", 12, 3)]
    [InlineData("metricType: Value, ", 12, 5)]
    public void A_trigger_asks_for_what_it_asked_for(string type, double jobs, int count)
    {
        // At 2, KEDA's HPA: 11 of 2 * 5 are within 10 %; AverageValue is ceil(12 / 5) = 3; Value is ceil(2 * 12 / 5) = 5; no more
        // than 4 pods or 100 % in 15 s.
        var cluster = Triggers(Plain.Replace("metadata", type + "metadata", StringComparison.Ordinal)).LosesNothing().At(2);
        cluster.Metrics["jobs"] = jobs;
        Assert.Equal(count, cluster.Tick().To);
    }

    private static Importing Triggers(string trigger) => Importing.Of("so.yml",
        "kind: ScaledObject\nmetadata: { name: w, namespace: shop }\nspec:\n  scaleTargetRef: { name: w }\n  maxReplicaCount: 9\n"
        + $"  triggers:\n  - {trigger}\n");

    private static Importing Object(string spec) => Importing.Of("so.yml",
        "kind: ScaledObject\nmetadata: { name: w, namespace: shop }\nspec:\n  scaleTargetRef: { name: w }\n  maxReplicaCount: 9\n"
        + $"  {spec}\n  triggers:\n  - {Plain}\n");

    private static Importing Annotated(string annotation) => Importing.Of("so.yml",
        $"kind: ScaledObject\nmetadata: {{ name: w, namespace: shop, annotations: {{ {annotation} }} }}\nspec:\n"
        + $"  scaleTargetRef: {{ name: w }}\n  maxReplicaCount: 9\n  triggers:\n  - {Plain}\n");
}
