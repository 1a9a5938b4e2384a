using LifecycleManager.Metrics.Sources.Servers;

namespace LifecycleManager.Metrics.Kafka;

/// <summary>
/// Makes clients by librdkafka. The library is loaded with the first of them: whoever names no Kafka cluster never loads it.
/// </summary>
public sealed class KafkaClients : IKafkaClients
{
    /// <inheritdoc/>
    public IKafkaClient Create(KafkaCluster cluster)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        return KafkaClient.Create(cluster);
    }
}
