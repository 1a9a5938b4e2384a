using System.Globalization;
using LifecycleManager.Decisions.Policies.Reading;
using YamlDotNet.Core;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>Translates the environment of marathon-autoscale: as lines, or as the <c>env</c> of its Marathon app.</summary>
internal static class MarathonAutoscaleImport
{
    private const string Prefix = "AS_";

    /// <summary>The <c>AS_</c> variables of lines; empty where there are none.</summary>
    public static YamlMap Lines(string text)
    {
        var variables = new YamlMap(new Mark(0, 1, 1));
        var (line, at) = (0, 0);
        foreach (var row in text.Split('\n'))
        {
            line++;
            var assignment = row.Trim();
            if (assignment.StartsWith("export ", StringComparison.Ordinal)) assignment = assignment[7..].Trim();
            var equals = assignment.IndexOf('=', StringComparison.Ordinal);
            if (equals > Prefix.Length && assignment.StartsWith(Prefix, StringComparison.Ordinal))
            {
                var start = new Mark(at, line, row.IndexOf(Prefix, StringComparison.Ordinal) + 1);
                variables.Entries.Add((new HclScalar(start, assignment[..equals].Trim(), isQuoted: false),
                    new HclScalar(start, assignment[(equals + 1)..].Trim().Trim('"', '\''), isQuoted: true)));
            }

            at += row.Length + 1;
        }

        return variables;
    }

    /// <summary>The <c>AS_</c> variables of a Marathon app; null where it has none.</summary>
    public static YamlMap? Environment(YamlMap app)
    {
        if (app.Entries.FirstOrDefault(entry => entry.Key.Value == "env").Value is not YamlMap env) return null;
        var variables = new YamlMap(env.Start);
        variables.Entries.AddRange(env.Entries.Where(entry => entry.Key.Value.StartsWith(Prefix, StringComparison.Ordinal)));
        return variables.Entries.Count > 0 ? variables : null;
    }

    public static (PolicyDraft? Draft, ImportLog Log) Read(YamlMap variables, string file)
    {
        var log = new ImportLog(file);
        // A variable that is empty is to the source as one that is not there.
        variables.Entries.RemoveAll(entry => entry.Value is YamlScalar { Value.Length: 0 });
        var env = new Section(variables, log, "");
        var app = env.Text("AS_MARATHON_APP");
        if (app is null) log.Changed(env.At, "no AS_MARATHON_APP is given: the app is taken to be /app");
        app = "/" + (app ?? "app").Trim('/');
        var draft = new PolicyDraft(app.Trim('/').Replace('/', ' '), app, "marathon-autoscale", log);
        env.Harmless("is of its place in the cluster, its user or its log", "AS_DCOS_MASTER", "AS_USERID", "AS_PASSWORD",
            "AS_SECRET", "AS_VERBOSE");
        var isGood = env.Whole("AS_MIN_INSTANCES", out var min) & env.Whole("AS_MAX_INSTANCES", out var max);
        draft.Bound(min ?? 0, max ?? 0);
        if (!isGood || min is null || max is null || draft.Min > draft.Max)
            draft.LeaveOut(env.At, "it needs AS_MIN_INSTANCES and AS_MAX_INSTANCES that bound the count");
        Rules(draft, env);
        return (draft, log);
    }

    private static void Rules(PolicyDraft draft, Section env)
    {
        var isGood = env.Number("AS_INTERVAL", out var interval) & env.Number("AS_TRIGGER_NUMBER", out var old)
            & env.Number("AS_SCALE_UP_FACTOR", out var ups) & env.Number("AS_COOL_DOWN_FACTOR", out var downs)
            & env.Number("AS_AUTOSCALE_MULTIPLIER", out var factor);
        // Older versions have one number for both directions, which is passed once more.
        if (old is { } number) (ups, downs) = (ups ?? number + 1, downs ?? number + 1);
        if (!isGood || interval is not > 0 || ups is null || downs is null || factor is not > 1)
        {
            env.Drop("has no rules: the source wants AS_INTERVAL, AS_SCALE_UP_FACTOR, AS_COOL_DOWN_FACTOR and "
                + "AS_AUTOSCALE_MULTIPLIER (over 1)");
            return;
        }

        if (Conditions(draft, env) is not var (high, low)) return;
        var (up, down) = (Polls(ups.Value), Polls(downs.Value));
        var multiplier = PolicyDraft.Number(factor.Value);
        // It acts with the last of so many polls in a row, and counts anew then: the cooldown. Down it rounds down, where 'set'
        // rounds up: one less, but for a millionth.
        draft.Rule("scale up", Rule(high, up.Wait, $"set: 'instances * {multiplier}'"));
        draft.Rule("scale down", Rule(low, down.Wait, $"set: 'max(0, instances / {multiplier} - 0.999999)'"));
        draft.Temper($"{{ limit: none, cooldown: {up.Cooldown} }}",
            $"{{ stabilization: 0s, limit: none, cooldown: {down.Cooldown} }}");

        (string? Wait, string Cooldown) Polls(double count) => (
            count > 1 ? PolicyDraft.Seconds((count - 1) * interval.Value) : null,
            PolicyDraft.Seconds(Math.Max(1, count) * interval.Value));

        static string[] Rule(string when, string? wait, string then) =>
            wait is null ? [$"when: {when}", $"then: {{ {then} }}"] : [$"when: {when}", $"for: {wait}", $"then: {{ {then} }}"];
    }

    /// <summary>When a poll is over and when it is under the range; null where that cannot be read, which is reported.</summary>
    private static (string High, string Low)? Conditions(PolicyDraft draft, Section env)
    {
        var mode = env.Text("AS_TRIGGER_MODE")?.ToLowerInvariant();
        var isGood = true;
        var (high, low) = ("", "");
        switch (mode)
        {
            case "sqs":
                var queue = draft.Metric("queue",
                    $"{{ pushed: {PolicyDraft.Quote(env.Text("AS_SQS_NAME") ?? env.Text("AS_QUEUE_URL") ?? "queue")} }}");
                env.Log.Changed(env.PlaceOf("AS_TRIGGER_MODE"),
                    "the length of the SQS queue must be pushed to the manager (POST /v1/samples), or asked of Prometheus");
                env.Harmless("is how it asks SQS", "AS_SQS_ENDPOINT", "AS_QUEUE_URL", "AWS_REGION");
                (high, low) = Range(queue, null, null, 0, 1);
                break;
            case "cpu":
                (high, low) = Resource("cpu", "AS_MAX_CPU_TIME", "AS_MIN_CPU_TIME", 0);
                break;
            case "mem":
                (high, low) = Resource("mem", "AS_MAX_MEM_PERCENT", "AS_MIN_MEM_PERCENT", 0);
                break;
            case "and" or "or":
                var cpu = Resource("cpu", "AS_MAX_CPU_TIME", "AS_MIN_CPU_TIME", 0);
                var mem = Resource("mem", "AS_MAX_MEM_PERCENT", "AS_MIN_MEM_PERCENT", 1);
                // Of "or" what is under the range goes before what is over it.
                (high, low) = mode == "and" ? ($"{cpu.High} and {mem.High}", $"{cpu.Low} and {mem.Low}")
                    : ($"({cpu.High} or {mem.High}) and not ({cpu.Low} or {mem.Low})", $"{cpu.Low} or {mem.Low}");
                break;
            default:
                if (mode is null) env.Log.Lost(env.At, "AS_TRIGGER_MODE is not given: cpu, mem, sqs, and, or");
                else env.Wrong("AS_TRIGGER_MODE", $"'{mode}' has no counterpart");
                return null;
        }

        if (!isGood) env.Drop("has no rules: its ranges could not be read");
        return isGood ? (high, low) : null;

        (string High, string Low) Resource(string name, string max, string min, int place)
        {
            if (name == "cpu")
                env.Log.Changed(env.At, "cpu time was percent of one core; the container's cpu is a share of its limit here");
            return Range(draft.Metric(name, $"{{ container: {name} }}"), max, min, place, 0.01);
        }

        (string High, string Low) Range(string metric, string? max, string? min, int place, double scale)
        {
            isGood &= Bound(env, "AS_MAX_RANGE", max, place, scale, out var most);
            isGood &= Bound(env, "AS_MIN_RANGE", min, place, scale, out var least);
            return ($"{metric} > {most}", $"{metric} < {least}");
        }
    }

    private static bool Bound(Section env, string range, string? old, int place, double scale, out string bound)
    {
        bound = "0";
        var (text, key) = (env.Text(range), range);
        if (text is not null)
        {
            if (old is not null) env.Lost($"is of no account beside {range}", old);
            var parts = text.Split(',');
            if (place >= parts.Length)
            {
                env.Wrong(range, "needs two numbers in this mode: of the cpu and of the memory");
                return false;
            }

            text = parts[place];
        }
        else if (old is not null && env.Text(old) is { } former)
        {
            (text, key) = (former, old);
        }

        if (text is null)
        {
            env.Log.Lost(env.At, $"{range} is not given");
            return false;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && double.IsFinite(value) && Math.Abs(value) < 1e15)
        {
            bound = PolicyDraft.Number((double)((decimal)value * (decimal)scale));
            return true;
        }

        env.Wrong(key, $"must be a number, not '{text}'");
        return false;
    }
}
