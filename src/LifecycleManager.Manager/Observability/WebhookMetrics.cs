using LifecycleManager.Runtime.Observability;
using Prometheus;

namespace LifecycleManager.Manager.Observability;

/// <summary>What became of the messages for webhooks, which are named by number and host.</summary>
internal sealed class WebhookMetrics(CollectorRegistry registry)
{
    /// <summary>Why a message is given up: the webhook does not want it.</summary>
    public const string Refused = "refused";

    /// <summary>Why a message is given up: it was the oldest of too many.</summary>
    public const string TooManyWait = "too many wait";

    private readonly CounterFromZero _sent = new(
        registry, "lcm_manager_webhook_messages_total", "Messages that a webhook took.", "webhook");

    private readonly CounterFromZero _retries = new(
        registry, "lcm_manager_webhook_retries_total", "Attempts that failed and are made again.", "webhook");

    private readonly CounterFromZero _dropped = new(
        registry, "lcm_manager_webhook_dropped_total", "Messages that were given up: refused, or too many waited.", "webhook",
        "reason");

    private readonly Gauge _waiting = Prometheus.Metrics.WithCustomRegistry(registry).CreateGauge(
        "lcm_manager_webhook_waiting_bytes", "Bytes of the messages that wait for a webhook.", "webhook");

    /// <summary>A webhook is told of decisions from now on: its series are there from zero.</summary>
    public void Begin(string webhook)
    {
        _sent.Begin(webhook);
        _retries.Begin(webhook);
        foreach (var reason in (string[])[Refused, TooManyWait]) _dropped.Begin(webhook, reason);
        Waiting(webhook, 0);
    }

    /// <summary>What waits is for the next leader to tell.</summary>
    public void End(string webhook) => _waiting.RemoveLabelled(webhook);

    public void Waiting(string webhook, long bytes) => _waiting.WithLabels(webhook).Set(bytes);

    public void Sent(string webhook) => _sent.Inc(webhook);

    public void Retried(string webhook) => _retries.Inc(webhook);

    public void Dropped(string webhook, string reason) => _dropped.Inc(webhook, reason);
}
