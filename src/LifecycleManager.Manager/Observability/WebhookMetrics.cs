using LifecycleManager.Runtime.Observability;
using Prometheus;

namespace LifecycleManager.Manager.Observability;

/// <summary>What became of the messages for webhooks, which are named by number and host.</summary>
internal sealed class WebhookMetrics(CollectorRegistry registry)
{
    private readonly CounterFromZero _sent = new(
        registry, "lcm_manager_webhook_messages_total", "Messages that a webhook took.", "webhook");

    private readonly CounterFromZero _retries = new(
        registry, "lcm_manager_webhook_retries_total", "Attempts that failed and are made again.", "webhook");

    private readonly CounterFromZero _dropped = new(
        registry, "lcm_manager_webhook_dropped_total", "Messages that were given up: refused, or too many waited.", "webhook",
        "reason");

    public void Sent(string webhook) => _sent.Inc(webhook);

    public void Retried(string webhook) => _retries.Inc(webhook);

    public void Dropped(string webhook, string reason) => _dropped.Inc(webhook, reason);
}
