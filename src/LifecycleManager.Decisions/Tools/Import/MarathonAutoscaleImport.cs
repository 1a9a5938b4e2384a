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
        var env = new Section(variables, log, "");
        var app = env.Text("AS_MARATHON_APP");
        if (app is null) log.Changed(env.At, "no AS_MARATHON_APP is given: the app is taken to be /app");
        app = "/" + (app ?? "app").Trim('/');
        var draft = new PolicyDraft(app.Trim('/').Replace('/', ' '), app, "marathon-autoscale", log);
        env.Harmless("is of its place in the cluster, its user or its log", "AS_DCOS_MASTER", "AS_USERID", "AS_PASSWORD",
            "AS_SECRET", "AS_VERBOSE");
        var isGood = env.Whole("AS_MIN_INSTANCES", out var min) & env.Whole("AS_MAX_INSTANCES", out var max);
        draft.Bound(min ?? 2, max ?? 10);
        if (!isGood || draft.Min > draft.Max) draft.LeaveOut(env.At, "its counts do not bound it");
        Rules(draft, env);
        return (draft, log);
    }

    private static void Rules(PolicyDraft draft, Section env)
    {
        var isGood = env.Number("AS_INTERVAL", out var interval) & env.Number("AS_TRIGGER_NUMBER", out var old)
            & env.Number("AS_SCALE_UP_FACTOR", out var ups) & env.Number("AS_COOL_DOWN_FACTOR", out var downs)
            & env.Number("AS_AUTOSCALE_MULTIPLIER", out var given);
        var (each, multiplier) = (interval ?? 30, given ?? 1.5);
        if (!isGood || multiplier <= 1 || each <= 0)
        {
            env.Drop("has no rules: its interval, factors and multiplier (over 1) could not be read");
            return;
        }

        var (up, down) = (PolicyDraft.Seconds((ups ?? old ?? 3) * each), PolicyDraft.Seconds((downs ?? 3) * each));
        var mode = env.Text("AS_TRIGGER_MODE")?.ToLowerInvariant() ?? "cpu";
        var (high, low) = (new List<string>(), new List<string>());
        switch (mode)
        {
            case "sqs":
                var queue = draft.Metric("queue",
                    $"{{ pushed: {PolicyDraft.Quote(env.Text("AS_SQS_NAME") ?? env.Text("AS_QUEUE_URL") ?? "queue")} }}");
                env.Log.Changed(env.PlaceOf("AS_TRIGGER_MODE"),
                    "the length of the SQS queue must be pushed to the manager (POST /v1/samples), or asked of Prometheus");
                env.Harmless("is how it asks SQS", "AS_SQS_ENDPOINT", "AS_QUEUE_URL", "AWS_REGION");
                isGood = Bound(env, "AS_MAX_RANGE", null, 0, 1, 10, out var most) & Bound(env, "AS_MIN_RANGE", null, 0, 1, 2,
                    out var least);
                (high, low) = ([$"{queue} > {most}"], [$"{queue} < {least}"]);
                break;
            case "cpu" or "mem" or "and" or "or":
                if (mode != "mem") isGood &= Resource("cpu", "AS_MAX_CPU_TIME", "AS_MIN_CPU_TIME", 0);
                if (mode != "cpu") isGood &= Resource("mem", "AS_MAX_MEM_PERCENT", "AS_MIN_MEM_PERCENT", mode == "mem" ? 0 : 1);
                env.Log.Changed(env.At, "cpu time was percent of one core; the container's cpu is a share of its limit here");
                break;
            default:
                env.Wrong("AS_TRIGGER_MODE", $"'{mode}' has no counterpart");
                return;
        }

        if (!isGood)
        {
            env.Drop("has no rules: its ranges could not be read");
            return;
        }

        var join = mode == "or" ? " or " : " and ";
        var factor = PolicyDraft.Number(multiplier);
        draft.Rule("scale up", $"when: {string.Join(join, high)}", $"for: {up}", $"then: {{ multiply: {factor} }}");
        // It rounds down, and 'set' rounds up: one less, but for a millionth. The cooldown is the count that it begins anew.
        draft.Rule("scale down", $"when: {string.Join(join, low)}", $"for: {down}",
            $"then: {{ set: 'max(0, instances / {factor} - 0.999999)' }}");
        draft.ScaleOut = "{ limit: none }";
        draft.ScaleIn = $"{{ stabilization: 0s, limit: none, cooldown: {down} }}";

        bool Resource(string name, string max, string min, int place)
        {
            var isRead = Bound(env, "AS_MAX_RANGE", max, place, 0.01, 80, out var most)
                & Bound(env, "AS_MIN_RANGE", min, place, 0.01, 55, out var least);
            var metric = draft.Metric(name, $"{{ container: {name} }}");
            high.Add($"{metric} > {most}");
            low.Add($"{metric} < {least}");
            return isRead;
        }
    }

    private static bool Bound(Section env, string range, string? old, int place, double scale, double usual, out string bound)
    {
        var isRange = env.Has(range) || old is null;
        var parts = env.Text(range)?.Split(',');
        var text = parts is not null ? parts[place < parts.Length ? place : 0] : old is null ? null : env.Text(old);
        if (isRange && old is not null) env.Lost($"is of no account beside {range}", old);
        var value = usual;
        var isGood = text is null || (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value)
            && double.IsFinite(value) && Math.Abs(value) < 1e15);
        if (!isGood) env.Wrong(env.Has(range) ? range : old!, $"must be a number, not '{text}'");
        bound = isGood ? PolicyDraft.Number((double)((decimal)value * (decimal)scale)) : "0";
        return isGood;
    }
}
