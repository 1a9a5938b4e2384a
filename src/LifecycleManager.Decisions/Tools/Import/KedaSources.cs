using System.Text.RegularExpressions;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>What a trigger asks of a server.</summary>
/// <param name="Wish">The metric's name, where the trigger has none.</param>
/// <param name="Metric">The metric, as a policy writes it.</param>
/// <param name="ThresholdKey">The key of the target.</param>
/// <param name="ActivationKey">The key of the value over which an app leaves zero.</param>
/// <param name="Usual">The target where none is given; null where one must be.</param>
internal sealed record KedaSource(string Wish, string Metric, string ThresholdKey, string ActivationKey, double? Usual = null);

/// <summary>Translates what KEDA's scalers ask to the metrics of servers.</summary>
internal static partial class KedaSources
{
    private const string Connection = "is of the connection: name the server in the manager's --sources";
    private const string InSources = "was left out: write it to the server in the manager's --sources";

    /// <summary>The kind of server that a trigger asks; null where it is none of ours.</summary>
    public static string? Server(string type) => type switch
    {
        "prometheus" or "rabbitmq" or "redis" => type,
        "redis-streams" => "redis",
        "postgresql" => "postgres",
        "metrics-api" => "json",
        "kafka" or "apache-kafka" => "kafka",
        _ => null,
    };

    /// <summary>Why a trigger is no metric.</summary>
    public static string Why(string type) => Server(type) is not null
        ? "what it asks has no counterpart"
        : $"the trigger '{type}' has no counterpart; feed its number to the manager as a pushed sample, or ask Prometheus for it";

    /// <summary>The metric of a trigger; null where it has none, which the caller reports.</summary>
    public static KedaSource? Read(string type, Section data, PolicyDraft draft) => type switch
    {
        "prometheus" => Prometheus(data),
        "rabbitmq" => RabbitMq(data),
        "redis" => Redis(data),
        "redis-streams" => RedisStreams(data),
        "postgresql" => Postgres(data),
        "metrics-api" => Json(data),
        "kafka" or "apache-kafka" => Kafka(data, draft),
        _ => null,
    };

    private static KedaSource? Prometheus(Section data)
    {
        data.Changed(Connection, "serverAddress", "timeout");
        data.Lost(InSources, "customHeaders", "queryParameters", "authModes", "namespace", "cortexOrgID", "unsafeSsl");
        if (data.Need("query") is not { } query) return null;
        // No series are 0 to KEDA unless it is told otherwise; here they are missing.
        var isZero = data.Flag("ignoreNullValues") ?? !data.Has("ignoreNullValues");
        var end = query.Contains('#', StringComparison.Ordinal) ? "\n" : "";
        var asked = isZero ? $"({query}{end}) or on() vector(0)" : query;
        return new KedaSource("query", $"{{ promql: {Literal(asked)} }}", "threshold", "activationThreshold");
    }

    private static KedaSource? RabbitMq(Section data)
    {
        data.Changed(Connection, "hostFromEnv", "protocol", "timeout", "usernameFromEnv", "passwordFromEnv", "tls");
        data.Lost(InSources, "unsafeSsl");
        data.Harmless("is how KEDA asks; all queues that match are counted here", "pageSize");
        var host = data.Text("host");
        if (host is not null) data.Changed(Connection, "host");
        var isAmqp = data.Text("protocol") == "amqp" || (host?.StartsWith("amqp", StringComparison.Ordinal) ?? false);
        var (mode, old) = (data.Text("mode"), data.Text("queueLength"));
        // KEDA has a default for both, and none for one of them.
        if (old is not null ? mode is not null || data.Has("value") : mode is null != !data.Has("value"))
        {
            data.Wrong(old is not null ? "queueLength" : data.Has("value") ? "value" : "mode",
                "is refused by KEDA: it takes 'mode' and 'value', or of old 'queueLength' alone");
            return null;
        }

        var onlyReady = data.Flag("excludeUnacknowledged");
        var read = mode switch
        {
            null or "QueueLength" => onlyReady == true || isAmqp ? ", read: ready" : "",
            "MessageRate" => ", read: publishRate",
            _ => null,
        };
        if (read is null) data.Wrong("mode", $"'{mode}' has no counterpart");
        if (data.Need("queueName") is not { } queue || read is null) return null;
        var across = "";
        if (data.Flag("useRegex") == true)
        {
            if (Glob(queue) is not { } glob)
            {
                data.Wrong("queueName", "is a regular expression that is no glob");
                return null;
            }

            queue = glob;
            switch (data.Text("operation"))
            {
                case null or "sum":
                    break;
                case ("max" or "avg") and var operation:
                    across = $", across: {operation}";
                    break;
                default:
                    data.Wrong("operation", "must be sum, max or avg");
                    return null;
            }
        }
        else if (queue.AsSpan().ContainsAny('*', '?'))
        {
            data.Wrong("queueName", "has a '*' or '?' of its own, which is a pattern here");
            return null;
        }

        data.Harmless("is of a regular expression", "operation");
        var vhost = data.Text("vhostName") ?? (Uri.TryCreate(host, UriKind.Absolute, out var uri)
            && uri.AbsolutePath.Length > 1 ? Uri.UnescapeDataString(uri.AbsolutePath[1..]) : null);
        var at = vhost is null ? "" : $", vhost: {PolicyDraft.Quote(vhost)}";
        return new KedaSource("queue", $"{{ rabbitmq: {Literal(queue)}{at}{read}{across} }}",
            old is null ? "value" : "queueLength", "activationValue", 20);
    }

    private static void RedisServer(Section data)
    {
        data.Changed(Connection, "address", "addressFromEnv", "addresses", "host", "hosts", "hostFromEnv", "port", "ports",
            "portFromEnv", "username", "usernameFromEnv", "passwordFromEnv", "databaseIndex", "enableTLS");
        data.Lost(InSources, "unsafeSsl");
    }

    private static KedaSource? Redis(Section data)
    {
        RedisServer(data);
        return data.Need("listName") is { } list
            ? new KedaSource("list", $"{{ redis: {Literal(list)} }}", "listLength", "activationListLength", 5) : null;
    }

    private static KedaSource? RedisStreams(Section data)
    {
        RedisServer(data);
        var name = data.Text("consumerGroup");
        var (word, key) = name is null ? ("stream", "streamLength")
            : data.Has("lagCount") ? ("lag", "lagCount") : ("pending", "pendingEntriesCount");
        if (data.Need("stream") is not { } stream) return null;
        var group = name is null ? "" : $", group: {Literal(name)}";

        return new KedaSource("stream", $"{{ redis: {Literal(stream)}, read: {word}{group} }}", key, "activationLagCount",
            word == "lag" ? null : 5);
    }

    private static KedaSource? Postgres(Section data)
    {
        data.Changed(Connection, "connection", "connectionFromEnv", "host", "port", "userName", "dbName", "sslmode",
            "passwordFromEnv");
        return data.Need("query") is { } query
            ? new KedaSource("rows", $"{{ postgres: {PolicyDraft.Quote(query)} }}", "targetQueryValue",
                "activationTargetQueryValue") : null;
    }

    private static KedaSource? Json(Section data)
    {
        data.Lost(InSources, "authMode", "unsafeSsl", "method", "timeout");
        data.Lost("was left out: one address is asked", "aggregationType", "aggregateFromKubeServiceEndpoints");
        if (data.Need("url") is not { } address || data.Need("valueLocation") is not { } location) return null;
        if (data.Text("format") is { } format and not "json")
        {
            data.Wrong("format", $"'{format}' has no counterpart");
            return null;
        }

        if (!Uri.TryCreate(address, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            data.Wrong("url", "is no address");
            return null;
        }

        data.Changed("has the path of the metric; its server has to be named in the manager's --sources", "url");
        // GJSON writes an index as a name.
        var value = IndexPattern().Replace(location, "[$1]");
        return new KedaSource("number", $"{{ json: {Literal(url.PathAndQuery)}, value: {PolicyDraft.Quote(value)} }}",
            "targetValue", "activationTargetValue");
    }

    private static KedaSource? Kafka(Section data, PolicyDraft draft)
    {
        data.Changed(Connection, "bootstrapServers", "bootstrapServersFromEnv", "version", "sasl", "tls", "saslTokenProvider",
            "usernameFromEnv", "passwordFromEnv");
        data.Lost(InSources, "unsafeSsl");
        data.Lost("has no counterpart: 'max' bounds the count", "limitToPartitionsWithLag", "ensureEvenDistributionOfPartitions");
        var (topic, group) = (data.Text("topic") ?? data.Text("topicFromEnv"), data.Need("consumerGroup"));
        if (topic is null) data.Log.Lost(data.At, $"'{data.Path}' names no topic: make a metric of each of its group's");
        if (data.Has("topicFromEnv") && !data.Has("topic"))
        {
            data.Wrong("topicFromEnv", "is known to the workload alone");
            return null;
        }

        if (topic is null || group is null) return null;
        var reset = data.Text("offsetResetPolicy") ?? "latest";
        if (reset is not ("latest" or "earliest"))
        {
            data.Wrong("offsetResetPolicy", "must be latest or earliest");
            return null;
        }

        var isZero = data.Flag("scaleToZeroOnInvalidOffset") == true;
        if (data.Flag("allowIdleConsumers") != true)
        {
            draft.Log.Lost(data.PlaceOf("allowIdleConsumers"),
                "KEDA asks for no more instances than the topic has partitions; set 'max' to their number");
        }

        var partitions = data.Text("partitionLimitation") is { Length: > 0 } some
            ? $", partitions: {PolicyDraft.Quote(some)}" : "";
        // KEDA leaves out what stood still from one look to the next: consumers commit each 5 s.
        var stuck = data.Flag("excludePersistentLag") == true ? ", excludePersistentLag: 1m" : "";
        var idle = reset == "earliest" || isZero ? "" : ", onIdle: 1";
        return new KedaSource("lag",
            $"{{ kafka: {Literal(topic)}, group: {Literal(group)}{partitions}, offsetReset: {reset}{stuck}{idle} }}",
            "lagThreshold", "activationLagThreshold", 10);
    }

    /// <summary>
    /// A regular expression as a glob; null where it is more than one. RabbitMQ looks for it anywhere in a name.
    /// </summary>
    private static string? Glob(string pattern)
    {
        var (start, end) = (pattern.StartsWith('^'), pattern.EndsWith('$') && !pattern.EndsWith("\\$", StringComparison.Ordinal));
        var inner = pattern[(start ? 1 : 0)..(pattern.Length - (end && pattern.Length > (start ? 1 : 0) ? 1 : 0))];
        var glob = inner.Replace(".*", "*", StringComparison.Ordinal).Replace("\\.", ".", StringComparison.Ordinal);
        var isPlain = LiteralPattern().IsMatch(inner);
        if (!isPlain) return null;
        if (!start && !glob.StartsWith('*')) glob = "*" + glob;
        return end || glob.EndsWith('*') ? glob : glob + "*";
    }

    // What KEDA would send as it is has no placeholders.
    private static string Literal(string text) => PolicyDraft.Quote(text.Replace("$", "$$", StringComparison.Ordinal));

    [GeneratedRegex(@"\.(\d+)(?=\.|$)", RegexOptions.CultureInvariant)]
    private static partial Regex IndexPattern();

    [GeneratedRegex(@"^(?:[A-Za-z0-9_:/@-]|\.\*|\\\.)+$", RegexOptions.CultureInvariant)]
    private static partial Regex LiteralPattern();
}
