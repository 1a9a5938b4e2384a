using System.Text.RegularExpressions;
using Confluent.Kafka;
using LifecycleManager.Metrics.Sources.Servers;

namespace LifecycleManager.Metrics.Kafka;

/// <summary>What the library reports, in words with their remedy.</summary>
internal static partial class KafkaProblem
{
    // Where the library was when a connection failed: TLS was not agreed on; there was not one answer.
    private const string Handshake = "SSL_HANDSHAKE", BeforeTheFirstAnswer = "APIVERSION_QUERY";

    /// <summary>Whether nobody answered: not in time, or since there was no connection.</summary>
    public static bool IsSilence(Error error) => error.Code is ErrorCode.Local_TimedOut or ErrorCode.Local_TimedOutQueue
        or ErrorCode.Local_Transport or ErrorCode.Local_AllBrokersDown or ErrorCode.Local_Resolve or ErrorCode.Local_Ssl
        or ErrorCode.Local_Authentication or ErrorCode.Local_WaitCoord;

    /// <summary>Why a question has no answer.</summary>
    /// <param name="error">What the call ended with.</param>
    /// <param name="what">What was asked for.</param>
    /// <param name="trouble">Of what connections failed last; null for nothing.</param>
    public static KafkaClientException Of(Error error, string what, string? trouble)
    {
        if (IsSilence(error)) return new KafkaClientException(KafkaFailureKind.Timeout, trouble ?? "no broker answered in time");
        var remedy = error.Code switch
        {
            ErrorCode.TopicAuthorizationFailed or ErrorCode.GroupAuthorizationFailed or ErrorCode.ClusterAuthorizationFailed =>
                "; the user needs DESCRIBE on the topic and on the group",
            ErrorCode.LeaderNotAvailable or ErrorCode.Local_NoEnt => "; a partition has no leader at the moment",
            _ => "",
        };
        return new KafkaClientException(KafkaFailureKind.Refused, $"{what}: {error.Reason}{remedy}");
    }

    /// <summary>Why a client cannot be made.</summary>
    public static string OfSettings(Exception e) => e.Message switch
    {
        var text when text.Contains("ssl.ca", StringComparison.Ordinal) => "'caFile' holds no certificate as PEM",
        var text when text.Contains("ssl.certificate", StringComparison.Ordinal) =>
            "'certificateFile' holds no certificate as PEM",
        var text when text.Contains("ssl.key", StringComparison.Ordinal) =>
            "'keyFile' holds no key as PEM, or one with a password, or that of another certificate",
        _ when e is DllNotFoundException => "the library librdkafka is not there for this system",
        var text => text,
    };

    /// <summary>Why a connection failed.</summary>
    /// <param name="logged">What the library logged of it.</param>
    public static string OfConnection(string logged)
    {
        var found = Logged.Match(logged);
        if (!found.Success) return logged;
        var (broker, reason, state) = (found.Groups["broker"].Value, found.Groups["reason"].Value, found.Groups["state"].Value);
        var isTls = found.Groups["scheme"].Value.Contains("ssl", StringComparison.Ordinal);
        return $"{broker}: " + reason switch
        {
            _ when reason.Contains("certificate verify failed", StringComparison.Ordinal) =>
                "its certificate is of an authority that is not trusted, or for another name: 'caFile'",
            _ when state == Handshake && reason.Contains("Disconnected", StringComparison.Ordinal) =>
                "it ends the connection in place of a handshake: does it speak TLS there? 'tls: false'",
            _ when reason.Contains("SASL", StringComparison.OrdinalIgnoreCase)
                || reason.Contains("authentication", StringComparison.OrdinalIgnoreCase) =>
                $"{reason}; 'sasl', 'user' and 'passwordFile' say who asks",
            _ when state == BeforeTheFirstAnswer => "it takes the connection and does not answer: "
                + (isTls ? "one that wants a certificate needs 'certificateFile', one with a login 'sasl'"
                    : "a listener with TLS needs 'tls: true', one with a login 'sasl'"),
            _ => reason,
        };
    }

    // [thrd:ssl://b:9092/bootstrap]: ssl://b:9092/bootstrap: Connect to ... failed: Connection refused
    // (after 0ms in state CONNECT)
    [GeneratedRegex(
        @"^(\[thrd:[^\]]*\]: )?(?<scheme>[a-z_]+://)?(?<broker>[^\s/]+)/\w+: (?<reason>.*?)"
        + @"( \(after \d+ms in state (?<state>\w+)\))?( \(_\w+\))?$",
        RegexOptions.ExplicitCapture | RegexOptions.Singleline | RegexOptions.NonBacktracking)]
    private static partial Regex Logged { get; }
}
