using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Schedules;

namespace LifecycleManager.Decisions.Tests.Tools.Import;

public sealed class PolicyImportTests
{
    [Fact]
    public void A_horizontal_pod_autoscaler_keeps_its_metrics_and_behaviour()
    {
        var (policy, text) = Import("hpa.yaml", """
            apiVersion: autoscaling/v2
            kind: HorizontalPodAutoscaler
            metadata: { name: web, namespace: shop }
            spec:
              scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
              minReplicas: 2
              maxReplicas: 30
              metrics:
              - { type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 60 } } }
              - { type: Resource, resource: { name: memory, target: { type: AverageValue, averageValue: 512Mi } } }
              - { type: Pods, pods: { metric: { name: http_requests }, target: { type: AverageValue, averageValue: 500m } } }
              - type: External
                external: { metric: { name: queue_length, selector: { matchLabels: { queue: "it's" } } }, target: { type: AverageValue, averageValue: 30 } }
              behavior:
                scaleDown:
                  stabilizationWindowSeconds: 120
                  policies: [ { type: Percent, value: 10, periodSeconds: 60 }, { type: Pods, value: 5, periodSeconds: 60 } ]
                  selectPolicy: Min
                scaleUp: { policies: [ { type: Pods, value: 4, periodSeconds: 15 } ] }
            """);
        Assert.Equal(("web", "/shop/web", 2, 30), (policy.Name, policy.App.Text, policy.Instances.Min, policy.Instances.Max));
        Assert.Equal(["cpu", "mem.bytes", "http_requests", "sum(queue_length{queue=\"it's\"})"],
            policy.Metrics.Select(metric => metric.Query.Selector));
        Assert.Equal(4, policy.Rules.Count);
        Assert.Equal((TimeSpan.FromMinutes(2), LimitSelect.Min, 2),
            (policy.ScaleIn.Stabilization, policy.ScaleIn.Select, policy.ScaleIn.Limits.Count));
        Assert.Equal("4 per 15s", Assert.Single(policy.ScaleOut.Limits).ToString());
        Assert.Contains("value: 536870912", text, StringComparison.Ordinal);
        Assert.Contains("value: 0.5 }", text, StringComparison.Ordinal);
        Assert.Contains("value: 30, per: instance", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_scaled_object_keeps_triggers_fallback_and_zero()
    {
        var (policy, text) = Import("keda.yaml", """
            apiVersion: keda.sh/v1alpha1
            kind: ScaledObject
            metadata: { name: worker }
            spec:
              scaleTargetRef: { name: worker }
              pollingInterval: 20
              cooldownPeriod: 90
              maxReplicaCount: 15
              fallback: { failureThreshold: 3, replicas: 4 }
              triggers:
              - { type: prometheus, metadata: { serverAddress: 'http://p:9090', query: 'sum(rate(x[2m]))', threshold: '100.5', activationThreshold: '5' } }
              - { type: rabbitmq, metadata: { queueName: jobs, mode: QueueLength, value: '20' } }
              - { type: cron, metadata: { timezone: Europe/London, start: 30 8 * * 1-5, end: 0 18 * * 1-5, desiredReplicas: '3' } }
            """);
        Assert.Equal((0, 15), (policy.Instances.Min, policy.Instances.Max));
        Assert.Equal(new MissingMetrics(MissingMetricsMode.Fallback, 4, TimeSpan.FromMinutes(1)), policy.OnMissingMetrics);
        Assert.Equal(TimeSpan.FromSeconds(90), policy.ScaleIn.Stabilization);
        Assert.Contains("cron: '0 30 8 ? * 2-6', until: '0 0 18 ? * 2-6', zone: Europe/London", text, StringComparison.Ordinal);
        Assert.Contains("activation: 5", text, StringComparison.Ordinal);
        Assert.Equal(4, policy.Rules.Count);
    }

    [Fact]
    public void Triggers_of_servers_become_their_metrics()
    {
        var (policy, text) = Import("keda.yaml", """
            apiVersion: keda.sh/v1alpha1
            kind: ScaledObject
            metadata: { name: worker }
            spec:
              scaleTargetRef: { name: worker }
              maxReplicaCount: 15
              triggers:
              - { type: prometheus, metadata: { query: 'label_replace(x, "a", "$name", "b", "(?P<name>.*)")', threshold: '1' } }
              - { type: rabbitmq, metadata: { queueName: jobs, vhostName: shop, mode: MessageRate, value: '20' } }
              - { type: redis, metadata: { listName: jobs, listLength: '5' } }
              - { type: redis-streams, metadata: { stream: events, consumerGroup: workers, pendingEntriesCount: '7' } }
              - { type: postgresql, metadata: { query: 'select count(*) from jobs', targetQueryValue: '9' } }
              - { type: metrics-api, metadata: { url: 'http://x/stats?a=1', valueLocation: 'queues.0.depth', targetValue: '3' } }
              - { type: kafka, metadata: { topic: orders, consumerGroup: billing, lagThreshold: '50',
                  allowIdleConsumers: 'true', partitionLimitation: '0,2-4' } }
              - { type: kafka, name: old, metadata: { topic: old, consumerGroup: g, offsetResetPolicy: earliest,
                  excludePersistentLag: 'true', allowIdleConsumers: 'true' } }
            """);
        Assert.Equal(8, policy.Rules.Count);
        Assert.Contains("\"$$name\"", text, StringComparison.Ordinal);
        Assert.Contains("rabbitmq: jobs, vhost: shop, read: publishRate", text, StringComparison.Ordinal);
        Assert.Contains("kafka: orders, group: billing, partitions: '0,2-4', offsetReset: latest, onIdle: 1 }", text,
            StringComparison.Ordinal);
        Assert.Contains("kafka: old, group: g, offsetReset: earliest, excludePersistentLag: 1m }", text, StringComparison.Ordinal);
        Assert.Contains("redis: events, read: pending, group: workers", text, StringComparison.Ordinal);
        Assert.Contains("value: 'queues[0].depth'", text, StringComparison.Ordinal);
        Assert.Contains("the postgres server of the trigger 'postgresql' has to be named", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_scaling_blocks_of_a_job_become_policies()
    {
        var (policy, _) = Import("job.nomad", """
            job "web" {
              # a comment
              group "front" {
                count = 3
                scaling {
                  enabled = true
                  min     = 1
                  max     = 12
                  policy {
                    cooldown            = "2m"
                    evaluation_interval = "10s"
                    check "cpu" {
                      source = "nomad-apm"
                      query  = "avg_cpu"
                      strategy "target-value" { target = 70 }
                    }
                    check "latency" {
                      source = "prometheus"
                      query  = <<EOF
                        sum(rate(http_seconds_sum[1m]))
                        / sum(rate(http_seconds_count[1m]))
                      EOF
                      strategy "pass-through" {}
                    }
                  }
                }
              }
            }
            """);
        Assert.Equal(("web front", "/web/front", 1, 12),
            (policy.Name, policy.App.Text, policy.Instances.Min, policy.Instances.Max));
        Assert.Equal((TimeSpan.FromMinutes(2), 0, TimeSpan.Zero, 0), (policy.ScaleOut.Cooldown, policy.ScaleOut.Limits.Count,
            policy.ScaleIn.Stabilization, policy.ScaleIn.Limits.Count));
        Assert.Equal(["cpu", "sum(rate(http_seconds_sum[1m])) / sum(rate(http_seconds_count[1m]))"],
            policy.Metrics.Select(metric => metric.Query.Selector));
        Assert.Equal(["cpu", "latency"], policy.Rules.Select(rule => rule.Name));
    }

    [Theory]
    [InlineData(
        "AS_MARATHON_APP=/group1/testapp\nexport AS_TRIGGER_MODE=cpu\nAS_MIN_RANGE=55.5\nAS_MAX_RANGE=80\n"
            + "AS_MAX_INSTANCES=5\nAS_MIN_INSTANCES=1\nAS_SCALE_UP_FACTOR=3\n"
            + "AS_COOL_DOWN_FACTOR=4\nAS_INTERVAL=10\nAS_AUTOSCALE_MULTIPLIER=1.5", "cpu > 0.8", "for: 20s")]
    [InlineData(
        "{\"id\":\"/scaler\",\"env\":{\"AS_MARATHON_APP\":\"/group1/testapp\",\"AS_TRIGGER_MODE\":\"or\","
            + "\"AS_MAX_RANGE\":\"80,70\",\"AS_MIN_RANGE\":\"50,40\",\"AS_INTERVAL\":\"30\","
            + "\"AS_SCALE_UP_FACTOR\":3,\"AS_COOL_DOWN_FACTOR\":3,\"AS_AUTOSCALE_MULTIPLIER\":\"2\","
            + "\"AS_MIN_INSTANCES\":\"1\",\"AS_MAX_INSTANCES\":\"5\"}}",
        "(cpu > 0.8 or mem > 0.7) and not (cpu < 0.5 or mem < 0.4)", "for: 1m")]
    public void Marathon_autoscales_environment_becomes_two_rules(string environment, string condition, string wait)
    {
        var (policy, text) = Import("env", environment);
        Assert.Equal(("/group1/testapp", 1, 5, 2), (policy.App.Text, policy.Instances.Min, policy.Instances.Max,
            policy.Rules.Count));
        Assert.Contains(condition, text, StringComparison.Ordinal);
        Assert.Contains(wait, text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("* * * * *", "0 * * * ? *")]
    [InlineData("0 8 1 * *", "0 0 8 1 * ?")]
    [InlineData("30 8 * * 0,6", "0 30 8 ? * 1,7")]
    [InlineData("30 8 * * MON-FRI", "0 30 8 ? * MON-FRI")]
    [InlineData("0 8 1 * 1", null)]
    [InlineData("0 8 * *", null)]
    public void Cron_of_five_fields_becomes_quartz(string unix, string? quartz)
    {
        if (unix == "* * * * *") quartz = "0 * * * * ?";
        Assert.Equal(quartz, CronRecurrence.FromUnix(unix));
    }

    private static (Policy Policy, string Text) Import(string name, string text)
    {
        var import = Importing.Of(name, text).LosesNothing();
        return (import.Policy, import.Output);
    }
}
