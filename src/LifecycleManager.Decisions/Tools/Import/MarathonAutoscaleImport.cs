using System.Globalization;
using System.Text.Json;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>Translates the environment of marathon-autoscale: as lines, or as the <c>env</c> of its Marathon app.</summary>
internal static class MarathonAutoscaleImport
{
    /// <summary>The <c>AS_</c> variables of a text; empty where it has none.</summary>
    public static Dictionary<string, string> Environment(string text)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        if (text.AsSpan().TrimStart() is ['{', ..])
        {
            using var document = JsonDocument.Parse(text);
            if (!document.RootElement.TryGetProperty("env", out var env) || env.ValueKind != JsonValueKind.Object)
                return variables;
            foreach (var variable in env.EnumerateObject().Where(one => one.Name.StartsWith("AS_", StringComparison.Ordinal)))
                variables[variable.Name] = variable.Value.ToString();
            return variables;
        }

        foreach (var line in text.Split('\n'))
        {
            var assignment = line.Trim();
            if (assignment.StartsWith("export ", StringComparison.Ordinal)) assignment = assignment[7..].Trim();
            var equals = assignment.IndexOf('=', StringComparison.Ordinal);
            if (equals > 3 && assignment.StartsWith("AS_", StringComparison.Ordinal))
                variables[assignment[..equals].Trim()] = assignment[(equals + 1)..].Trim().Trim('"', '\'');
        }

        return variables;
    }

    public static PolicyDraft Read(Dictionary<string, string> env)
    {
        var app = env.GetValueOrDefault("AS_MARATHON_APP") ?? "/app";
        if (!app.StartsWith('/')) app = "/" + app;
        var draft = new PolicyDraft(app.Trim('/').Replace('/', ' '), app, "marathon-autoscale")
        {
            Min = (int)(Number("AS_MIN_INSTANCES") ?? 2),
            Max = (int)(Number("AS_MAX_INSTANCES") ?? 10),
        };
        var interval = Number("AS_INTERVAL") ?? 30;
        var up = PolicyDraft.Seconds((Number("AS_SCALE_UP_FACTOR") ?? Number("AS_TRIGGER_NUMBER") ?? 3) * interval);
        var down = PolicyDraft.Seconds((Number("AS_COOL_DOWN_FACTOR") ?? 3) * interval);
        var multiplier = Math.Max(1.01, Number("AS_AUTOSCALE_MULTIPLIER") ?? 1.5);
        var mode = env.GetValueOrDefault("AS_TRIGGER_MODE")?.ToLowerInvariant() ?? "cpu";
        if (mode == "sqs")
        {
            var queue =
                draft.Metric("queue", $"{{ pushed: {PolicyDraft.Quote(env.GetValueOrDefault("AS_SQS_NAME") ?? "queue")} }}");
            draft.Note("the length of the SQS queue must be pushed to the manager (POST /v1/samples), or asked of Prometheus");
            Rules($"{queue} > {Bound("AS_MAX_RANGE", null, 0, 1, 10)}", $"{queue} < {Bound("AS_MIN_RANGE", null, 0, 1, 2)}");
        }
        else
        {
            var both = mode is "and" or "or";
            var (high, low) = (new List<string>(), new List<string>());
            if (both || mode == "cpu") Resource("cpu", "cpu", "AS_MAX_CPU_TIME", "AS_MIN_CPU_TIME", 0);
            if (both || mode == "mem") Resource("mem", "mem", "AS_MAX_MEM_PERCENT", "AS_MIN_MEM_PERCENT", mode == "mem" ? 0 : 1);
            draft.Note("cpu time was percent of one core; the container's cpu is a share of its limit here");
            var join = mode == "or" ? " or " : " and ";
            Rules(string.Join(join, high), string.Join(join, low));

            void Resource(string name, string container, string max, string min, int place)
            {
                var metric = draft.Metric(name, $"{{ container: {container} }}");
                high.Add($"{metric} > {Bound("AS_MAX_RANGE", max, place, 0.01, 80)}");
                low.Add($"{metric} < {Bound("AS_MIN_RANGE", min, place, 0.01, 55)}");
            }
        }

        return draft;

        void Rules(string high, string low)
        {
            draft.Rule("scale up", $"when: {high}", $"for: {up}", $"then: {{ multiply: {PolicyDraft.Number(multiplier)} }}");
            draft.Rule("scale down", $"when: {low}", $"for: {down}",
                $"then: {{ multiply: {PolicyDraft.Number(1 / multiplier)} }}");
            draft.ScaleOut = "{ limit: none }";
            draft.ScaleIn = "{ stabilization: 0s, limit: none }";
        }

        string Bound(string range, string? old, int place, double scale, double usual)
        {
            var parts = env.GetValueOrDefault(range)?.Split(',') ?? [];
            var text = place < parts.Length ? parts[place] : parts.FirstOrDefault()
                ?? (old is null ? null : env.GetValueOrDefault(old));
            return PolicyDraft.Number((double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                && double.IsFinite(value) ? value : usual) * scale);
        }

        double? Number(string key) =>
            double.TryParse(env.GetValueOrDefault(key), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && value is >= 0 and < 1e6 ? value : null;
    }
}
