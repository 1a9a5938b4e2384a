using System.Globalization;
using System.Text;
using LifecycleManager.Decisions.Policies;
using LifecycleManager.Primitives.Timing;
using YamlDotNet.Core;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>A policy that is being translated from another autoscaler's words.</summary>
/// <param name="name">Its name.</param>
/// <param name="app">The app's id.</param>
/// <param name="from">What it is translated from.</param>
/// <param name="log">What became of the source.</param>
internal sealed class PolicyDraft(string name, string app, string from, ImportLog log)
{
    private readonly List<(string Name, string Text)> _metrics = [];
    private readonly List<string> _rules = [];

    public ImportLog Log => log;

    public string Name { get; set; } = name;

    public string App => app;

    /// <summary>Whether there is no policy, since what it cannot do without could not be read.</summary>
    public bool IsLeftOut { get; private set; }

    /// <summary>How many rules it has.</summary>
    public int Rules => _rules.Count;

    public int Min { get; private set; } = 1;

    public int Max { get; private set; } = 10;

    public string? ScaleOut { get; private set; }

    public string? ScaleIn { get; private set; }

    public string? Missing { get; set; }

    public string? Pause { get; set; }

    public string? Cooldown { get; set; }

    /// <summary>Sets how both directions are tempered.</summary>
    public void Temper(string scaleOut, string scaleIn) => (ScaleOut, ScaleIn) = (scaleOut, scaleIn);

    /// <summary>Sets the least and the greatest count.</summary>
    public void Bound(int min, int max) => (Min, Max) = (min, max);

    /// <summary>Leaves the whole policy out, and says why.</summary>
    public void LeaveOut(Mark at, string why)
    {
        IsLeftOut = true;
        log.Lost(at, $"no policy was made of '{Name}': {why}");
    }

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
        foreach (var remark in log.Remarks.Where(remark => remark.Kind != RemarkKind.Harmless))
        {
            text.Append(CultureInfo.InvariantCulture, $"# {(remark.Kind == RemarkKind.Lost ? "Lost" : "Note")}, ")
                .Append(CultureInfo.InvariantCulture, $"line {remark.Line}: {Plain(remark.Text)}\n");
        }

        text.Append(CultureInfo.InvariantCulture,
            $"policy: {Quote(Name)}\napp: {Quote(app)}\ninstances: {{ min: {Min}, max: {Math.Max(Min, Max)} }}\n");
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
        if (plain) return text;
        return !text.Any(char.IsControl) ? "'" + text.Replace("'", "''", StringComparison.Ordinal) + "'"
            : "\"" + string.Concat(text.Select(Escaped)) + "\"";

        static string Escaped(char c) => c switch
        {
            '\n' => "\\n",
            '"' or '\\' => "\\" + c,
            _ => char.IsControl(c) ? $"\\x{(int)c:x2}" : c.ToString(),
        };
    }

    /// <summary>A number in plain digits, as exact as it is.</summary>
    public static string Number(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.Contains('E', StringComparison.Ordinal)
            && decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var plain) && plain != 0
            ? plain.ToString(CultureInfo.InvariantCulture) : text;
    }

    /// <summary>A text that stays within one comment.</summary>
    private static string Plain(string text) =>
        string.Concat(text.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c));

    public static string Seconds(double seconds) =>
        DurationText.Format(TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 86400 * 365)));
}
