using System.Net;
using System.Net.Http.Headers;
using System.Threading.Channels;
using LifecycleManager.Manager.Observability;
using LifecycleManager.Manager.Recording;
using LifecycleManager.Manager.Tables;
using LifecycleManager.Runtime.Reconnecting;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Timeout;

namespace LifecycleManager.Manager.Webhooks;

/// <summary>
/// What waits for one webhook, in order. A message is tried until it is taken or refused; while the webhook is away the oldest go
/// once too many wait.
/// </summary>
internal sealed class WebhookQueue
{
    /// <summary>The most messages that wait.</summary>
    public const int Capacity = 1_000;

    /// <summary>The most bytes of their bodies together: 4 MiB. The newest waits whatever its length.</summary>
    public const long MaxBytes = 4 * 1024 * 1024;

    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly Webhook _webhook;
    private readonly HttpMessageInvoker _http;
    private readonly WebhookMetrics _metrics;
    private readonly ILogger _log;
    private readonly ResiliencePipeline _attempt;
    private readonly ResiliencePipeline _repeats;
    private readonly Lock _gate = new();
    private readonly LinkedList<Message> _waiting = [];
    private readonly Dictionary<string, (string, DecisionOutcome, string?)> _last = new(StringComparer.Ordinal);
    private readonly Channel<bool> _some = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private long _bytes;
    private bool _isAway;
    private bool _isFull;

    public WebhookQueue(Webhook webhook, HttpMessageInvoker http, WebhookMetrics metrics, TimeProvider time, ILogger log)
    {
        (_webhook, _http, _metrics, _log) = (webhook, http, metrics, log);
        _attempt = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddTimeout(new TimeoutStrategyOptions { Timeout = AttemptTimeout }).Build();
        _repeats = Reconnect.Pipeline(
            FirstPause, LongestPause, time, Random.Shared, (problem, _, _) => Away(problem.Message),
            problem => problem is HttpRequestException or TimeoutRejectedException or IOException);
        metrics.Begin(webhook.Name);
    }

    /// <summary>The webhook.</summary>
    public Webhook Webhook => _webhook;

    /// <summary>When the oldest message that waits became what it is; null where none waits.</summary>
    public DateTimeOffset? Oldest
    {
        get { lock (_gate) return _waiting.First is { } first ? DecisionTable.Changed(first.Value.Record) : null; }
    }

    /// <summary>Has a decision sent, where the webhook wants it. Never waits.</summary>
    public void Add(DecisionRecord record)
    {
        if (!_webhook.Wants(record)) return;
        var dropped = 0;
        lock (_gate)
        {
            // A try that ends as the one before is no news.
            var news = (record.Id, record.Outcome, record.OutcomeReason);
            if (_last.TryGetValue(record.App, out var last) && last == news) return;
            _last[record.App] = news;
            var (body, type) = WebhookMessage.Of(record, _webhook.Format);
            _waiting.AddLast(new Message(record, body, type));
            Count(body.Length);
            _some.Writer.TryWrite(true);
            for (; _waiting.Count > Capacity || (_bytes > MaxBytes && _waiting.Count > 1); dropped++)
            {
                Count(-_waiting.First!.Value.Body.Length);
                _waiting.RemoveFirst();
            }
        }

        if (dropped == 0) return;
        for (; dropped > 0; dropped--) Drop(WebhookMetrics.TooManyWait);
        if (!_isFull)
        {
            _log.LogError(
                "Webhook {Webhook}: more than {Capacity} messages, or {Bytes} bytes of them, wait, and the oldest are dropped",
                _webhook, Capacity, MaxBytes);
        }

        _isFull = true;
    }

    /// <summary>Sends what waits until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            LinkedListNode<Message>? first;
            lock (_gate) first = _waiting.First;
            if (first is null)
            {
                await _some.Reader.ReadAsync(cancellation);
                continue;
            }

            await SendAsync(first.Value, cancellation);
            lock (_gate)
            {
                // It may have been dropped meanwhile.
                if (first.List is null) continue;
                Count(-first.Value.Body.Length);
                _waiting.Remove(first);
            }
        }
    }

    // Later, or elsewhere, it may be taken.
    private static bool IsPassing(HttpStatusCode status) =>
        status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests || (int)status >= 500;

    private async Task SendAsync(Message message, CancellationToken cancellation)
    {
        var status = await _repeats.ExecuteAsync(
            token => _attempt.ExecuteAsync(attempt => PostAsync(message, attempt), token), cancellation);
        if (_isAway) _log.LogInformation("Webhook {Webhook} is reached again", _webhook);
        (_isAway, _isFull) = (false, false);
        if ((int)status is >= 200 and < 300)
        {
            _metrics.Sent(_webhook.Name);
            return;
        }

        Drop(WebhookMetrics.Refused);
        _log.LogError(
            "Webhook {Webhook} refuses the decision {Decision} by {Status}, which is final; redirects are not followed", _webhook,
            message.Record.Id, (int)status);
    }

    private async ValueTask<HttpStatusCode> PostAsync(Message message, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _webhook.Address)
        {
            Content = new ReadOnlyMemoryContent(message.Body),
        };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(message.Type);

        // Headers are enough of an answer, however long it is.
        using var answer = await _http.SendAsync(request, cancellation);
        return IsPassing(answer.StatusCode) ? throw new HttpRequestException($"it answers {(int)answer.StatusCode}")
            : answer.StatusCode;
    }

    private void Away(string reason)
    {
        _metrics.Retried(_webhook.Name);
        if (!_isAway) _log.LogWarning("Webhook {Webhook} is not reached, and tried again: {Reason}", _webhook, reason);
        _isAway = true;
    }

    private void Drop(string reason) => _metrics.Dropped(_webhook.Name, reason);

    private void Count(int bytes) => _metrics.Waiting(_webhook.Name, _bytes += bytes);

    private sealed record Message(DecisionRecord Record, ReadOnlyMemory<byte> Body, string Type);
}
