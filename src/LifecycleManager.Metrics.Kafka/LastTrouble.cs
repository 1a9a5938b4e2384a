using Confluent.Kafka;

namespace LifecycleManager.Metrics.Kafka;

/// <summary>
/// What connections failed of last. The library goes on to try, and a question only learns that its time is over.
/// </summary>
internal sealed class LastTrouble
{
    private const string Failed = "FAIL";
    private volatile string? _text;

    /// <summary>The reason, with its remedy; null where all is well.</summary>
    public string? Text => _text;

    /// <summary>The library logs something; from its threads. What it reports as errors lacks some of the reasons.</summary>
    public void Add(LogMessage message)
    {
        if (message.Facility == Failed) _text = KafkaProblem.OfConnection(message.Message);
    }

    /// <summary>There was an answer.</summary>
    public void Clear() => _text = null;
}
