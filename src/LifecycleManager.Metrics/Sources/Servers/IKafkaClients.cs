using LifecycleManager.Metrics.Core.Queries;

namespace LifecycleManager.Metrics.Sources.Servers;

/// <summary>Makes clients of Kafka clusters. The seam to the library that speaks Kafka's protocol, which is large.</summary>
public interface IKafkaClients
{
    /// <summary>A client of a cluster, which connects by itself and again; it is used by many at once.</summary>
    /// <exception cref="KafkaClientException">The settings cannot be used.</exception>
    IKafkaClient Create(KafkaCluster cluster);
}

/// <summary>A client of one Kafka cluster. Disposed of, it ends with the last question that is under way.</summary>
public interface IKafkaClient : IDisposable
{
    /// <summary>Where a consumer group and a topic stand.</summary>
    /// <param name="topic">The topic; asking for one that is not there does not make it.</param>
    /// <param name="group">The group.</param>
    /// <param name="only">The partitions that are wanted; null for all.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Null where there is no such topic.</returns>
    /// <exception cref="KafkaClientException">It is not known of each partition that is wanted.</exception>
    Task<TopicOffsets?> ReadAsync(string topic, string group, PartitionSet? only, CancellationToken cancellation);
}

/// <summary>Where a consumer group and a topic stand.</summary>
/// <param name="PartitionCount">How many partitions the topic has.</param>
/// <param name="Partitions">Those that were wanted.</param>
public sealed record TopicOffsets(int PartitionCount, IReadOnlyList<PartitionOffsets> Partitions);

/// <summary>Where a consumer group and a partition stand. An end is at least as new as the committed offset.</summary>
/// <param name="Partition">The partition's number.</param>
/// <param name="Committed">The offset that the group reads next; null where it has committed none.</param>
/// <param name="Start">The offset of the oldest message that is still there.</param>
/// <param name="End">The offset of the next message to come.</param>
public readonly record struct PartitionOffsets(int Partition, long? Committed, long Start, long End);

/// <summary>How a Kafka cluster is reached. It holds secrets, and is never shown.</summary>
public sealed class KafkaCluster
{
    /// <summary>Some of the brokers, <c>host:port</c>, with commas between.</summary>
    public required string BootstrapServers { get; init; }

    /// <summary>How long an answer may take.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>The longest answer that is read, bytes.</summary>
    public required int MaxAnswerBytes { get; init; }

    /// <summary>Whether connections are encrypted.</summary>
    public bool Tls { get; init; }

    /// <summary>The certificates of the authorities that are trusted, as PEM; null for the system's.</summary>
    public string? Authorities { get; init; }

    /// <summary>The client's certificate, as PEM; null for none.</summary>
    public string? Certificate { get; init; }

    /// <summary>The certificate's key, as PEM.</summary>
    public string? Key { get; init; }

    /// <summary>Whether any certificate of a broker is taken.</summary>
    public bool AnyCertificate { get; init; }

    /// <summary>The SASL mechanism, one of <see cref="SaslMechanisms"/>; null where nobody logs in.</summary>
    public string? SaslMechanism { get; init; }

    /// <summary>Who logs in.</summary>
    public string? User { get; init; }

    /// <summary>With which password.</summary>
    public string? Password { get; init; }

    /// <summary>The SASL mechanisms, by their registered names.</summary>
    public static IReadOnlyList<string> SaslMechanisms { get; } = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];
}

/// <summary>A Kafka cluster did not answer, or refused.</summary>
/// <param name="kind">In which way.</param>
/// <param name="message">Why, with the remedy, and without a secret.</param>
public sealed class KafkaClientException(KafkaFailureKind kind, string message) : Exception(message)
{
    /// <summary>In which way.</summary>
    public KafkaFailureKind Kind => kind;
}

/// <summary>In which way a Kafka cluster did not answer.</summary>
public enum KafkaFailureKind
{
    /// <summary>No answer in time: since no connection came about, where that is known.</summary>
    Timeout,

    /// <summary>It answered that it will not, or cannot.</summary>
    Refused,

    /// <summary>The settings cannot be used.</summary>
    Settings,
}
