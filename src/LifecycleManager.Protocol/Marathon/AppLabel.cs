namespace LifecycleManager.Protocol.Marathon;

/// <summary>What a label is heeded of.</summary>
public enum LabelPlace
{
    /// <summary>An app.</summary>
    App,

    /// <summary>An app, or a pod as a whole.</summary>
    Pod,

    /// <summary>An app, a pod, or one of a pod's containers.</summary>
    Container,
}

/// <summary>
/// A label of an app that somebody heeds here. Marathon takes any label, and so does the scheduler; one that begins as ours do
/// and is none of these is as a rule a slip of the pen.
/// </summary>
/// <param name="Name">
/// Its name. A part in capitals stands for anything: <c>N</c> for a number, <c>NAME</c> for all the rest.
/// </param>
/// <param name="Meaning">What it says, in Markdown, on one line.</param>
/// <param name="Place">What it is heeded of.</param>
public sealed record AppLabel(string Name, string Meaning, LabelPlace Place = LabelPlace.App)
{
    /// <summary>What all begin with.</summary>
    public const string Prefix = "lcm.";

    private const string Rest = "NAME";

    /// <summary>All of them, in the order in which people read about them.</summary>
    public static IReadOnlyList<AppLabel> All { get; } =
    [
        new("lcm.placement", "`spread`, `bin-packing` or `random`: which of the fitting agents to prefer", LabelPlace.Pod),
        new("lcm.affinity", "`/db, /cache/* in @zone`: each instance only where these apps have one", LabelPlace.Pod),
        new("lcm.affinity.preferred", "the same as a wish", LabelPlace.Pod),
        new("lcm.antiAffinity", "`/db`: no instance where these apps have one", LabelPlace.Pod),
        new("lcm.antiAffinity.preferred", "the same as a wish", LabelPlace.Pod),
        new("lcm.priority", "a whole number: higher ones are placed first, and served first by budgets and limits",
            LabelPlace.Pod),
        new("lcm.price", "`0.12`: what an instance costs in an hour, for budgets with a `cost`"),
        new("lcm.canary", "`1 pause, 25% 5m, 50%`: the steps in which a new version takes over", LabelPlace.Pod),
        new("lcm.rollback.after", "`5m`: a version that is not healthy by then is taken back", LabelPlace.Pod),
        new("lcm.expandEnv", "`true`: `$PORT0`, `${HOST}` and all else that Marathon sets are replaced in the values of `env`; "
            + "`$$` is a dollar sign", LabelPlace.Container),
        new("lcm.drain", "`10s`: so long an instance that is to end is out of Eureka and of the proxy first, an hour at most; "
            + "of a pod the longest of its own and its containers'", LabelPlace.Container),
        new("lcm.proxy", "`false`: `lcm proxy` leaves the app out"),
        new("lcm.proxy.N.vhost", "`shop.example.com`: the host names that lead to the service port with this index, by commas"),
        new("lcm.proxy.N.mode", "`http` or `tcp` (the default)"),
        new("lcm.eureka", "`true`: its instances are registered with Eureka, under the last part of the app's id"),
        new("lcm.eureka.name", "`SEARCH`: the same, under this name"),
        new("lcm.eureka.port", "the index of the port that Eureka is told; 0"),
        new("lcm.eureka.secure", "`true`: that port speaks HTTPS"),
        new("lcm.eureka.metadata.NAME", "passed on to Eureka as the metadata NAME"),
        new("lcm.metrics.path", "`/admin`: where the actuator is; or the full path of Prometheus text, which may have a query: "
            + "`/federate?match[]={job=\"shop\"}`. Else the usual places are tried"),
        new("lcm.metrics.param.NAME", "a parameter of that query, as Prometheus' `__param_NAME`: "
            + "`lcm.metrics.param.target: https://shop/`"),
        new("lcm.metrics.port", "the index of the port that is scraped; 0"),
        new("lcm.metrics.scheme", "`http` (the default) or `https`"),
        new("lcm.metrics.format", "`text` or `openmetrics`: what an answer is whose content type does not say so"),
        new("lcm.metrics.tls.ca", "certificates (PEM) of the authorities that are trusted, instead of the machine's"),
        new("lcm.metrics.tls.serverName", "the name that the certificate is to have; the instance's host"),
        new("lcm.metrics.tls.insecureSkipVerify", "`true`: any certificate is taken"),
        new("lcm.metrics.startup", "`45s`: [how long an instance starts](#while-instances-start), a day at most"),
        new("lcm.metrics.eureka", "`SEARCH`: the instances that Eureka has under this name are scraped as the app's"),
    ];

    /// <summary>Whether a label is one of these, or does not begin as they do.</summary>
    /// <param name="name">The name of any label.</param>
    public static bool IsKnown(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return !name.StartsWith(Prefix, StringComparison.Ordinal) || Find(name) is not null;
    }

    /// <summary>The one that a label is; null where it is none of these.</summary>
    /// <param name="name">The name of any label.</param>
    public static AppLabel? Find(string name) => All.FirstOrDefault(label => label.IsNamed(name));

    private bool IsNamed(string name)
    {
        if (Name == name) return true;
        if (Name.EndsWith("." + Rest, StringComparison.Ordinal))
        {
            var start = Name.AsSpan(0, Name.Length - Rest.Length);
            return name.Length > start.Length && name.AsSpan().StartsWith(start);
        }

        var (parts, given) = (Name.Split('.'), name.Split('.'));
        return parts.Length == given.Length && parts.Zip(given).All(pair => pair.First == pair.Second
            || (pair is { First: "N", Second.Length: > 0 and <= 3 } && pair.Second.All(char.IsAsciiDigit)));
    }
}
