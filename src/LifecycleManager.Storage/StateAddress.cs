namespace LifecycleManager.Storage;

/// <summary>Where the state lives, read from <c>scheme:...</c>. Holds no password.</summary>
internal sealed record StateAddress(
    string Scheme, string Path, string? User, IReadOnlyList<(string Host, int Port)> Servers,
    IReadOnlyDictionary<string, string> Options)
{
    private const string Forms = "sqlite:PATH, postgres://user@host:5432/db, zk://host1:2181,host2:2181/path or memory:";

    /// <exception cref="ArgumentException">The address is none of the four forms. The message does not repeat it.</exception>
    public static StateAddress Parse(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var colon = address.IndexOf(':', StringComparison.Ordinal);
        var scheme = colon > 0 ? address[..colon] : "";
        var rest = address[(colon + 1)..];
        return scheme switch
        {
            "memory" => Local(scheme, rest),
            "sqlite" when rest.Length > 0 => Local(scheme, rest),
            "sqlite" => throw Wrong("sqlite: is followed by the path of a file"),
            "postgres" or "postgresql" => Remote("postgres", rest, 5432, ["sslmode", "rootcert", "schema", "lease"]),
            "zk" => Remote(scheme, rest, 2181, ["session"]),
            _ => throw Wrong($"it is {Forms}"),
        };
    }

    /// <summary>A time in seconds among the options, such as <c>lease=3s</c>, or the default.</summary>
    public TimeSpan Seconds(string option, TimeSpan fallback, TimeSpan least, TimeSpan most)
    {
        if (!Options.TryGetValue(option, out var text)) return fallback;
        if (!double.TryParse(text.EndsWith('s') ? text[..^1] : text, out var seconds) ||
            !(seconds >= least.TotalSeconds && seconds <= most.TotalSeconds))
        {
            throw Wrong($"{option} is a number of seconds from {least.TotalSeconds} to {most.TotalSeconds}");
        }

        return TimeSpan.FromSeconds(seconds);
    }

    public static ArgumentException Wrong(string what) => new($"the state's address is wrong: {what}");

    private static StateAddress Local(string scheme, string path) =>
        new(scheme, path, null, [], new Dictionary<string, string>());

    private static StateAddress Remote(string scheme, string rest, int defaultPort, string[] known)
    {
        if (!rest.StartsWith("//", StringComparison.Ordinal)) throw Wrong($"{scheme}: is followed by //");
        var question = rest.IndexOf('?', StringComparison.Ordinal);
        var options = Parse(question < 0 ? "" : rest[(question + 1)..], known);
        var body = question < 0 ? rest[2..] : rest[2..question];
        var slash = body.IndexOf('/', StringComparison.Ordinal);
        var path = slash < 0 ? "" : body[(slash + 1)..];
        var authority = slash < 0 ? body : body[..slash];
        var at = authority.LastIndexOf('@');
        var user = at < 0 ? null : Uri.UnescapeDataString(authority[..at]);
        if (user is not null && user.Contains(':', StringComparison.Ordinal))
        {
            throw Wrong("a password does not belong into it, where process lists and logs show it");
        }

        var servers = authority[(at + 1)..].Split(',').Select(server => Server(server, defaultPort)).ToList();
        return new StateAddress(scheme, Uri.UnescapeDataString(path), user, servers, options);
    }

    private static (string Host, int Port) Server(string text, int defaultPort)
    {
        var colon = text.EndsWith(']') ? -1 : text.LastIndexOf(':');
        var host = (colon < 0 ? text : text[..colon]).Trim('[', ']');
        var port = defaultPort;
        if (host.Length == 0) throw Wrong("a host's name is empty");
        if (colon >= 0 && (!int.TryParse(text[(colon + 1)..], out port) || port is < 1 or > 65535))
        {
            throw Wrong($"the port of {host} is not a number from 1 to 65535");
        }

        return (host, port);
    }

    private static Dictionary<string, string> Parse(string query, string[] known)
    {
        var options = new Dictionary<string, string>();
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? pair : pair[..equals];
            if (!known.Contains(name)) throw Wrong($"the option '{name}' is none of {string.Join(", ", known)}");
            options[name] = equals < 0 ? "" : Uri.UnescapeDataString(pair[(equals + 1)..]);
        }

        return options;
    }
}
