using System.Globalization;
using System.Text;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Primitives.Timing;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>A policy that is being translated from another autoscaler's words.</summary>
internal sealed class PolicyDraft(string name, string app, string from)
{
    private readonly List<(string Name, string Text)> _metrics = [];
    private readonly List<string> _rules = [];
    private readonly List<string> _notes = [];

    public int Min { get; set; } = 1;

    public int Max { get; set; } = 10;

    public string? ScaleOut { get; set; }

    public string? ScaleIn { get; set; }

    public string? Missing { get; set; }

    public string? Pause { get; set; }

    public string? Cooldown { get; set; }

    /// <summary>Says what could not be taken over, or was taken over with another meaning.</summary>
    public void Note(string text) => _notes.Add(text);

    /// <summary>Adds a metric, and gives it a name that is free: the wish, or the wish with a number.</summary>
    public string Metric(string wish, string text)
    {
        var clean = new string([.. wish.Select(c => char.IsAsciiLetterOrDigit(c) || c == '_' ? c : '_')]);
        if (clean.Length == 0 || !char.IsAsciiLetter(clean[0])) clean = "m" + clean;
        if (clean.Length > 50) clean = clean[..50];
        if (Array.IndexOf(Expressions.Slots.Facts, clean) >= 0) clean += "_metric";
        var free = clean;
        for (var i = 2; _metrics.Any(metric => metric.Name == free); i++) free = $"{clean}{i}";
        _metrics.Add((free, text));
        return free;
    }

    /// <summary>Adds a rule; its text comes after the name, a line each.</summary>
    public void Rule(string ruleName, params string[] lines)
    {
        var free = ruleName;
        for (var i = 2; _rules.Any(rule => rule.StartsWith($"  - rule: {Quote(free)}\n", StringComparison.Ordinal)); i++)
            free = $"{ruleName} {i}";
        _rules.Add($"  - rule: {Quote(free)}\n" + string.Concat(lines.Select(line => $"    {line}\n")));
    }

    public string Write()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Translated from {from}.\n");
        foreach (var note in _notes) text.Append("# Note: ").Append(note.ReplaceLineEndings(" ")).Append('\n');
        text.Append(CultureInfo.InvariantCulture,
            $"policy: {Quote(name)}\napp: {Quote(app)}\ninstances: {{ min: {Min}, max: {Math.Max(Min, Max)} }}\n");
        if (_metrics.Count > 0)
        {
            text.Append("metrics:\n");
            foreach (var (metric, of) in _metrics) text.Append(CultureInfo.InvariantCulture, $"  {metric}: {of}\n");
        }

        text.Append(_rules.Count > 0 ? "rules:\n" + string.Concat(_rules) : "rules: []\n");
        foreach (var (key, value) in (ReadOnlySpan<(string, string?)>)[("scaleOut", ScaleOut), ("scaleIn", ScaleIn),
            ("cooldown", Cooldown), ("onMissingMetrics", Missing), ("pause", Pause)])
        {
            if (value is not null) text.Append(CultureInfo.InvariantCulture, $"{key}: {value}\n");
        }

        return text.ToString();
    }

    /// <summary>A scalar as YAML takes it anywhere: plain where that is safe, in single quotes otherwise.</summary>
    public static string Quote(string text)
    {
        var plain = text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is ' ' or '/' or '-' or '_' or '.')
            && char.IsLetter(text.TrimStart('/')[..1].PadRight(1)[0])
            && text == text.Trim() && text is not ("true" or "false" or "null" or "yes" or "no")
            && !text.Contains(" -", StringComparison.Ordinal);
        return plain ? text : "'" + text.ReplaceLineEndings(" ").Replace("'", "''", StringComparison.Ordinal) + "'";
    }

    public static string Number(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);

    public static string Seconds(double seconds) =>
        DurationText.Format(TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 86400 * 365)));
}
