using System.Buffers;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using LifecycleManager.Metrics.Core.Queries;
using LifecycleManager.Primitives.Text;
using LifecycleManager.Primitives.Timing;
using YamlDotNet.RepresentationModel;

namespace LifecycleManager.Metrics.Sources.Servers;

/// <summary>Reads one named server.</summary>
/// <param name="reader">Gets what is wrong.</param>
/// <param name="kind">The word for its kind.</param>
/// <param name="source">What such servers answer.</param>
internal sealed class SourceServerSection(SourcesReader reader, string kind, MetricSource source)
{
    private const int MaxName = 60;
    private const int MostAtOnce = 64;
    private static readonly TimeSpan LeastTime = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan MostTime = TimeSpan.FromMinutes(1);
    private static readonly string[] Common =
        ["timeout", "concurrency", "user", "passwordFile", "caFile", "certificateFile", "keyFile", "insecureSkipVerify"];

    private static readonly string[] OfAddress = ["url", "serverName"];
    private static readonly string[] OfHttp = ["headers", "headerFiles", "tokenFile"];
    private static readonly string[] OfKafka = ["bootstrapServers", "tls", "sasl"];

    // What says how TLS is done.
    private static readonly string[] OfTls = ["caFile", "certificateFile", "keyFile", "serverName", "insecureSkipVerify"];
    private static readonly string[] Schemes = ["http", "https"];
    private static readonly SearchValues<char> NotInBrokers = SearchValues.Create("/@#?\\ ");

    // What a header says that is a secret, or that is not the operator's to say.
    private static readonly string[] Refused = ["authorization", "proxy-authorization", "cookie", "x-api-key"];
    private static readonly string[] NotOurs = ["host", "content-length", "content-type", "connection", "transfer-encoding"];
    private Dictionary<string, (YamlNode Key, YamlNode Value)> _fields = [];

    private bool IsHttp => source is MetricSource.PromQl or MetricSource.RabbitMq or MetricSource.Json;

    /// <summary>The server; null where it cannot be used.</summary>
    public SourceServer? Read(YamlNode key, YamlNode settings)
    {
        var name = (key as YamlScalarNode)?.Value ?? "";
        if (name.Length is 0 or > MaxName || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
            reader.Error(key, $"'{name}' is not a name of a server", "letters, digits, '-', '_' and '.'");
        if (settings is not YamlMappingNode map)
        {
            reader.Error(settings, $"the {kind} server '{name}' must be a mapping", "url: ...");
            return null;
        }

        _fields = map.Children.Where(pair => pair.Key is YamlScalarNode)
            .ToDictionary(pair => ((YamlScalarNode)pair.Key).Value ?? "", pair => (pair.Key, pair.Value), StringComparer.Ordinal);
        CheckKeys();
        var brokers = source == MetricSource.Kafka ? ReadBrokers(map, name) : [];
        if (brokers is null
            || (brokers is [var broker, ..] ? new Uri($"kafka://{broker}") : ReadUrl(map, name)) is not { } url) return null;
        var (tls, mechanism) = source == MetricSource.Kafka ? ReadKafka(settings) : (false, null);
        var (user, password, token) = (Text("user"), Secret("passwordFile"), IsHttp ? Secret("tokenFile") : null);
        if (token is not null && (user ?? (object?)password) is not null)
            reader.Error(_fields["tokenFile"].Key, "'tokenFile' and 'user' are two ways to say who asks", "leave one out");
        if (IsHttp && user is null != password is null)
            reader.Error(settings, "'user' and 'passwordFile' belong together", "or 'tokenFile' for a bearer token");
        var (certificate, certificateKey) = (Secret("certificateFile"), Secret("keyFile"));
        if (certificate is null != certificateKey is null)
            reader.Error(settings, "'certificateFile' and 'keyFile' belong together");
        return new SourceServer
        {
            Source = source,
            Name = name,
            Url = url,
            Brokers = brokers,
            Tls = tls,
            SaslMechanism = mechanism,
            Digest = SourcesReader.Digest(settings),
            User = user,
            Password = password,
            Authorization = token is not null ? () => new AuthenticationHeaderValue("Bearer", token.Read())
                : IsHttp && user is not null && password is not null ? () => Basic(user, password.Read()) : null,
            Headers = IsHttp ? ReadHeaders() : [],
            Authorities = Secret("caFile"),
            Certificate = certificate,
            Key = certificateKey,
            TlsName = Text("serverName"),
            AnyCertificate = Word("insecureSkipVerify", "true", "false") == "true",
            Post = source == MetricSource.PromQl && Word("method", "get", "post") == "post",
            Timeout = ReadTimeout(),
            Concurrency = ReadConcurrency() ?? SourceServer.UsualConcurrency,
            CredentialHint = IsHttp
                ? $"'user' and 'passwordFile', or 'tokenFile', of the {kind} server '{name}'"
                : $"'user' and 'passwordFile' of the {kind} server '{name}'",
        }.Named();
    }

    private static AuthenticationHeaderValue Basic(string user, string password) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));

    private void CheckKeys()
    {
        var known = (source == MetricSource.Kafka ? OfKafka : OfAddress).Concat(Common).Concat(IsHttp ? OfHttp : [])
            .Concat(source == MetricSource.PromQl ? ["method"] : []).ToList();
        foreach (var (name, (key, _)) in _fields)
        {
            if (known.Contains(name) || name.StartsWith("x-", StringComparison.Ordinal)) continue;
            reader.Error(key, $"a {kind} server has no key '{name}'",
                name is "password" or "token" ? $"secrets are in files: '{name}File', or '{name}File: env:NAME'"
                : NearestName.Suggest(name, known));
        }
    }

    private Uri? ReadUrl(YamlMappingNode map, string name)
    {
        if (Text("url") is not { } text)
        {
            if (!_fields.ContainsKey("url")) reader.Error(map, $"the {kind} server '{name}' needs 'url'", Example());
            return null;
        }

        var at = _fields["url"].Value;
        string[] schemes = source switch
        {
            MetricSource.Redis => ["redis", "rediss"],
            MetricSource.Postgres => ["postgres", "postgresql"],
            _ => Schemes,
        };
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || !schemes.Contains(url.Scheme) || url.Host.Length == 0)
        {
            reader.Error(at, $"'url' must be an address that begins with {string.Join(":// or ", schemes)}://", Example());
            return null;
        }

        var problem = url switch
        {
            { UserInfo.Length: > 0 } => "an address must not hold credentials: give 'user' and 'passwordFile'",
            { Fragment.Length: > 0 } => "an address has no part after '#'",
            _ when source == MetricSource.Redis => CheckRedis(url),
            _ when source == MetricSource.Postgres => CheckPostgres(url),
            _ when source == MetricSource.RabbitMq && url.Query.Length > 1 => "RabbitMQ's address has no query",
            _ when source == MetricSource.PromQl && SourceServer.OwnParameter(url) is { } parameter =>
                $"the parameter '{parameter}' is the query's own: leave it out",
            _ => null,
        } ?? CheckTls(url);
        if (problem is null) return url;
        reader.Error(at, problem, Example());
        return null;
    }

    private List<string>? ReadBrokers(YamlMappingNode map, string name)
    {
        const string Sample = "bootstrapServers: broker-1:9092, broker-2:9092";
        if (Text("bootstrapServers") is not { } text)
        {
            if (!_fields.ContainsKey("bootstrapServers"))
                reader.Error(map, $"the {kind} server '{name}' needs 'bootstrapServers'", Sample);
            return null;
        }

        var brokers = text.Split(',', StringSplitOptions.TrimEntries).ToList();
        var wrong = brokers.Find(broker => broker.AsSpan().ContainsAny(NotInBrokers)
            || !Uri.TryCreate($"kafka://{broker}", UriKind.Absolute, out var url) || url.Host.Length == 0 || url.Port is < 1);
        if (wrong is null) return brokers;
        reader.Error(_fields["bootstrapServers"].Value,
            wrong.Contains('@', StringComparison.Ordinal) ? "an address must not hold credentials: give 'user' and 'passwordFile'"
            : $"'{wrong}' is not a broker's host:port", Sample);
        return null;
    }

    private (bool Tls, string? Mechanism) ReadKafka(YamlNode settings)
    {
        var (tls, mechanism) = (Word("tls", "true", "false") == "true", Word("sasl", [.. KafkaCluster.SaslMechanisms]));
        if (!tls && Array.Find(OfTls, _fields.ContainsKey) is { } ofTls)
            reader.Error(_fields[ofTls].Key, $"'{ofTls}' is of connections with TLS", "tls: true");
        var isNamed = (User: _fields.ContainsKey("user"), Password: _fields.ContainsKey("passwordFile"));
        if (_fields.ContainsKey("sasl") ? isNamed != (true, true) : isNamed != (false, false))
            reader.Error(settings, "'sasl', 'user' and 'passwordFile' belong together", "sasl: SCRAM-SHA-512");
        return (tls, mechanism);
    }

    private static string? CheckRedis(Uri url) =>
        url.Query.Length > 1 ? "a Redis address has no query"
        : url.AbsolutePath.Trim('/') is { Length: > 0 } number && !int.TryParse(number, NumberStyles.None, null, out _)
        ? $"'{number}' is not the number of a database" : null;

    private static string? CheckPostgres(Uri url)
    {
        if (url.AbsolutePath.Trim('/').Length == 0) return "the address names no database";
        var modes = (string[])["disable", "prefer", "require", "verify-ca", "verify-full"];
        return url.Query.Length < 2 || modes.Any(mode => url.Query == "?sslmode=" + mode)
            ? null : $"the one parameter is sslmode, with {string.Join(", ", modes)}";
    }

    /// <summary>What is stated of TLS, and would not be heeded.</summary>
    private string? CheckTls(Uri url)
    {
        if (Array.Find(OfTls, _fields.ContainsKey) is not { } key) return null;
        var remedy = (url.Scheme, url.Query) switch
        {
            ("http", _) => "https://",
            ("redis", _) => "rediss://",
            ("postgres" or "postgresql", "?sslmode=disable" or "?sslmode=prefer") => "sslmode=verify-full",
            _ => null,
        };
        return remedy is not null ? $"'{key}' is of connections that always have TLS: {remedy}"
            : source == MetricSource.Postgres && url.Query.Contains("=verify-", StringComparison.Ordinal)
                && _fields.ContainsKey("insecureSkipVerify")
            ? "'insecureSkipVerify' takes what sslmode=verify-... refuses: leave one out" : null;
    }

    private string Example() => source switch
    {
        MetricSource.Redis => "url: redis://redis:6379/0",
        MetricSource.Postgres => "url: postgres://db:5432/orders",
        MetricSource.RabbitMq => "url: http://rabbit:15672",
        MetricSource.PromQl => "url: http://prometheus:9090",
        _ => "url: http://stats:8080",
    };

    private List<KeyValuePair<string, Func<string>>> ReadHeaders()
    {
        var headers = new List<KeyValuePair<string, Func<string>>>();
        foreach (var (key, isFile) in ((string, bool)[])[("headers", false), ("headerFiles", true)])
        {
            if (!_fields.TryGetValue(key, out var field)) continue;
            if (field.Value is not YamlMappingNode map)
            {
                reader.Error(field.Value, $"'{key}' must be a mapping", $"{key}: {{ X-Scope-OrgID: shop }}");
                continue;
            }

            foreach (var (node, value) in map.Children)
            {
                var (name, text) = ((node as YamlScalarNode)?.Value ?? "", (value as YamlScalarNode)?.Value);
                if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
                    || NotOurs.Contains(name.ToLowerInvariant()))
                    reader.Error(node, $"'{name}' is not a header that can be set");
                else if (!isFile && Refused.Contains(name.ToLowerInvariant()))
                    reader.Error(node, $"the header '{name}' is a secret", $"headerFiles: {{ {name}: /run/secrets/... }}");
                else if (text is null or "" || text.Any(char.IsControl))
                    reader.Error(value, $"the header '{name}' needs a text");
                else if (isFile && new SourceSecret(reader.PathOf(text)) is var secret)
                    headers.Add(KeyValuePair.Create<string, Func<string>>(name, secret.Read));
                else
                    headers.Add(KeyValuePair.Create<string, Func<string>>(name, () => text));
            }
        }

        return headers;
    }

    private TimeSpan? ReadTimeout()
    {
        if (Text("timeout") is not { } text) return null;
        if (DurationText.TryParse(text, out var time) && time >= LeastTime && time <= MostTime) return time;
        reader.Error(_fields["timeout"].Value, "'timeout' must be a time from 10ms to 1m", "timeout: 2s");
        return null;
    }

    private int? ReadConcurrency()
    {
        if (Text("concurrency") is not { } text) return null;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= MostAtOnce)
            return count;
        reader.Error(_fields["concurrency"].Value, $"'concurrency' must be a whole number from 1 to {MostAtOnce}");
        return null;
    }

    private SourceSecret? Secret(string key) => Text(key) is { } path ? new SourceSecret(reader.PathOf(path)) : null;

    private string? Word(string key, params string[] words)
    {
        if (Text(key) is not { } text) return null;
        if (words.Contains(text)) return text;
        reader.Error(_fields[key].Value, $"'{key}' must be {string.Join(" or ", words)}, not '{text}'");
        return null;
    }

    private string? Text(string key)
    {
        if (!_fields.TryGetValue(key, out var field)) return null;
        if (field.Value is YamlScalarNode { Value: { Length: > 0 } text }) return text;
        reader.Error(field.Value, $"'{key}' must be a text");
        return null;
    }
}
