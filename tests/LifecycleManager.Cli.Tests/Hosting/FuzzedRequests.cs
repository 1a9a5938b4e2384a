using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>
/// Requests that nobody expects, made from routes as they are mapped and bodies as they are sent: other methods, odd paths,
/// queries and headers, bodies with values of any kind at any place, cut, doubled, of another encoding than they say.
/// </summary>
internal sealed class FuzzedRequests(Random random, IReadOnlyList<(string Method, string Path)> routes)
{
    private static readonly string[] Methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "x", "get"];

    private static readonly string[] Segments =
    [
        "x", "a", "%2f", "..%2f", "%00", "%ff", "%F0%9F%98%80", "..", ".", "~", "*", "a::status", "::", "%25", "1", "-1",
        "99999999999999999999", "2026-01-01T00:00:00.000Z", "versions", "instances", "+", "{id}", "a%20b", "%C3%28",
    ];

    private static readonly string[] Queries =
    [
        "force=true", "force=", "force=maybe", "embed=apps.tasks", "embed=%ff", "limit=-1", "limit=99999999999", "limit=x",
        "app=/a", "app=%00", "label=a==b", "label=(", "status=running", "since=yesterday", "until=9999-12-31T23:59:59Z",
        "cursor=%%%", "offset=-5", "length=1e9", "path=/etc/passwd", "path=../../x", "a=b&a=c", "=", "&&", "%", "wipe=true",
        "scale=true", "jsonp=alert", "at=0", "partialUpdate=false", "cmd=x", "id=/", "host=::",
    ];

    private static readonly string[] Values =
    [
        "null", "-1", "0", "1e400", "1e-400", "9999999999999999999999", "true", "\"\"", "\"\\ud800\"", "\"\\u0000\"", "[]",
        "{}", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", "\"/../..\"", "{\"\":\"\"}",
        "{\"a\":1,\"a\":2}", "\"9999-12-31T23:59:59.9999999Z\"", "\"PT1S\"", "NaN", "\"NaN\"", "[null]", "[{}]", "[[]]", "-0.0",
        "\"http://\"", "\"x://y:99999/\"", "1.5", "\"*\"", "\"(\"",
    ];

    private static readonly string[] Headers =
    [
        "Accept: application/json", "Accept: text/event-stream", "Accept: */*;q=2", "Accept: \t", "Accept-Encoding: gzip",
        "Accept-Encoding: br;q=x", "Authorization: Basic", "Authorization: Basic %%%", "Authorization: Bearer ",
        "Authorization: Basic OnNlY3JldA==", "Content-Encoding: gzip", "Content-Encoding: zstd", "Expect: 100-continue",
        "Expect: nothing", "If-Match: *", "If-None-Match: W/\"", "If-Modified-Since: never", "Range: bytes=5-1",
        "Range: bytes=-", "Upgrade: websocket", "Connection: Upgrade", "X-HTTP-Method-Override: DELETE", "Cookie: a=b; =",
        "Mesos-Stream-Id: 1", "X-Forwarded-For: ::1, x", "X-Forwarded-Proto: ftp", "Referer: x", "Origin: null", "Origin: :",
        "Via: 1.1 lcm", "Te: trailers", "Last-Event-ID: -1", "X-LCM-Count-Owner: \u00e4", "Accept-Language: *",
        "traceparent: 00-0-0-0", "Host: localhost",
    ];

    private static readonly string[] ContentTypes =
    [
        "application/json", "application/json; charset=utf-16", "application/json; charset=", "text/plain",
        "application/x-protobuf", "application/recordio", "multipart/form-data",
        "multipart/form-data; boundary=\"", "application/x-www-form-urlencoded",
        "application/yaml", "x", "/", "",
    ];

    private static readonly string[] Bodies =
    [
        """
        {"id":"/a","cmd":"sleep 1","instances":1,"cpus":0.1,"mem":16,"constraints":[["hostname","UNIQUE"]],
        "labels":{"a":"b"}}
        """,
        """
        {"id":"/a","container":{"type":"DOCKER","docker":{"image":"x","parameters":[{"key":"a","value":"b"}],
        "portMappings":[{"containerPort":80,"hostPort":0,"protocol":"tcp"}]},"volumes":[{"containerPath":"/a","hostPath":"/b",
        "mode":"RW"}]},"healthChecks":[{"protocol":"HTTP","path":"/","portIndex":0,"intervalSeconds":1}],"env":{"A":"b"},
        "upgradeStrategy":{"minimumHealthCapacity":0.5},"unreachableStrategy":{"inactiveAfterSeconds":1},
        "fetch":[{"uri":"http://x/y"}]}
        """,
        """{"id":"/g","apps":[{"id":"a","cmd":"x"}],"groups":[{"id":"h","apps":[]}],"dependencies":[],"scaleBy":2}""",
        """
        {"id":"/p","containers":[{"name":"a","exec":{"command":{"shell":"x"}},"resources":{"cpus":0.1,"mem":16},
        "endpoints":[{"name":"e","containerPort":80,"hostPort":0}]}],"networks":[{"mode":"host"}],"scaling":{"instances":1}}
        """,
        """{"ids":["a._app.1"]}""", """[{"id":"/a","instances":2}]""",
        """{"type":"GET_TASKS"}""", """{"type":"GET_STATE"}""", """{"type":"KILL_NESTED_CONTAINER","kill_nested_container":{}}""",
        """{"type":"READ_FILE","read_file":{"path":"/x","offset":0,"length":10}}""",
        """{"type":"LIST_FILES","list_files":{"path":"/"}}""",
        """
        {"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root","name":"f","roles":["*"],
        "capabilities":[{"type":"MULTI_ROLE"}]}},"framework_id":{"value":"x"}}
        """,
        """
        {"type":"ACCEPT","framework_id":{"value":"x"},"accept":{"offer_ids":[{"value":"o"}],"operations":[{"type":"LAUNCH",
        "launch":{"task_infos":[{"name":"t","task_id":{"value":"t"},"agent_id":{"value":"a"},"resources":[{"name":"cpus",
        "type":"SCALAR","scalar":{"value":1}}]}]}}],"filters":{"refuse_seconds":5}}}
        """,
        """
        {"type":"UPDATE_QUOTA","update_quota":{"quota_configs":[{"role":"a","guarantees":{"cpus":{"value":1}},
        "limits":{"cpus":{"value":1}}}]}}
        """,
        """{"windows":[{"machine_ids":[{"hostname":"a","ip":"1.1.1.1"}],"unavailability":{"start":{"nanoseconds":1}}}]}""",
        """{"app":"/a","instances":2,"reason":"x","for":"1h"}""", """{"reason":"x"}""",
        """{"name":"s","app":"/a","cron":"0 0 * * *","instances":2,"zone":"UTC","at":"2026-01-01T00:00:00Z"}""",
        "policies:\n- name: a\n  app: /a\n  min: 1\n  max: 2\n", "app=/a&instances=2", "",
    ];

    /// <summary>One more.</summary>
    /// <returns>Its bytes, and whether all that it announces is in it.</returns>
    public (byte[] Bytes, bool IsWhole) Next()
    {
        var (routeMethod, path) = routes[random.Next(routes.Count)];
        var method = random.Next(10) == 0 ? Pick(Methods) : random.Next(8) == 0 ? Pick(Methods[..5]) : routeMethod;
        var head = new StringBuilder().Append(method).Append(' ').Append(Path(path));
        if (random.Next(3) == 0) head.Append('?').Append(Pick(Queries));
        if (random.Next(8) == 0) head.Append('&').Append(Pick(Queries));
        head.Append(" HTTP/1.1\r\n");
        if (random.Next(50) != 0) head.Append("Host: localhost\r\n");
        for (var more = random.Next(3); more > 0; more--) head.Append(Pick(Headers)).Append("\r\n");
        if (random.Next(200) == 0) head.Append("X-Long: ").Append('a', random.Next(40_000)).Append("\r\n");
        var body = Body();
        if (random.Next(30) == 0) body = Compressed(body, head);
        if (random.Next(10) != 0)
            head.Append("Content-Type: ").Append(random.Next(4) == 0 ? Pick(ContentTypes) : "application/json").Append("\r\n");
        var isWhole = true;
        if (random.Next(12) == 0)
        {
            head.Append("Transfer-Encoding: chunked\r\n\r\n");
            body = [.. Encoding.Latin1.GetBytes(body.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n"), .. body,
                .. "\r\n0\r\n\r\n"u8];
        }
        else
        {
            isWhole = random.Next(40) != 0;
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {body.Length + (isWhole ? 0 : 7)}\r\n\r\n");
        }

        return ([.. Encoding.Latin1.GetBytes(head.ToString()), .. body], isWhole);
    }

    private string Path(string path)
    {
        var segments = path.Split('/');
        for (var i = 1; i < segments.Length; i++)
        {
            if (segments[i] == "x" || random.Next(25) == 0) segments[i] = Pick(Segments);
        }

        var made = string.Join('/', segments);
        return random.Next(12) == 0 ? made + "/" + Pick(Segments) : made;
    }

    private byte[] Body()
    {
        var text = Pick(Bodies);
        for (var changes = random.Next(3); changes > 0; changes--) text = Changed(text);
        var bytes = Encoding.UTF8.GetBytes(text);
        switch (random.Next(20))
        {
            case 0:
                return bytes[..random.Next(bytes.Length + 1)];
            case 1:
                return [.. bytes, .. bytes];
            case 2 when bytes.Length > 0:
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                return bytes;
            case 3:
                return [0xEF, 0xBB, 0xBF, .. bytes];
            case 4:
                return Encoding.Unicode.GetBytes(text);
            default:
                return bytes;
        }
    }

    /// <summary>With another value in the place of one.</summary>
    private string Changed(string text)
    {
        var places = new List<int>();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is ':' or '[' or ',') places.Add(i + 1);
        }

        if (places.Count == 0) return text;
        var from = places[random.Next(places.Count)];
        var to = text.AsSpan(from).IndexOfAny(",}]");
        return to < 0 ? text : text[..from] + Pick(Values) + text[(from + to)..];
    }

    private static byte[] Compressed(byte[] body, StringBuilder head)
    {
        head.Append("Content-Encoding: gzip\r\n");
        using var bytes = new MemoryStream();
        using (var gzip = new GZipStream(bytes, CompressionLevel.Fastest)) gzip.Write(body);
        return bytes.ToArray();
    }

    private string Pick(string[] of) => of[random.Next(of.Length)];
}
