using System.Text.RegularExpressions;

namespace LifecycleManager.Decisions.Tools.Import;

/// <summary>Translates a label selector of Kubernetes to the matchers of a Prometheus selector.</summary>
internal static class LabelSelectors
{
    /// <summary>The matchers; null where a part could not be read, which is reported.</summary>
    public static List<string>? Matchers(Section? selector)
    {
        var matchers = new List<string>();
        if (selector is null) return matchers;
        var isGood = true;
        if (selector.Sub("matchLabels") is { } labels)
        {
            foreach (var key in labels.Keys.ToList())
            {
                if (labels.Text(key) is { } value) isGood &= Add(labels, key, key, "=", value);
                else isGood = false;
            }
        }

        foreach (var one in selector.List("matchExpressions"))
        {
            var (key, word) = (one.Need("key") ?? "", one.Need("operator"));
            var values = one.Texts("values");
            isGood &= word switch
            {
                "In" when values.Count > 0 => Add(one, "key", key, "=~", Either(values)),
                "NotIn" when values.Count > 0 => Add(one, "key", key, "!~", Either(values)),
                "Exists" when values.Count == 0 => Add(one, "key", key, "!=", ""),
                "DoesNotExist" when values.Count == 0 => Add(one, "key", key, "=", ""),
                _ => Refused(one),
            };
        }

        return isGood ? matchers : null;

        bool Add(Section section, string at, string label, string match, string value)
        {
            if (label.Length == 0 || !label.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') || char.IsAsciiDigit(label[0]))
            {
                section.Wrong(at, $"is the label '{label}', which Prometheus has under another name");
                return false;
            }

            matchers.Add($"{label}{match}{Quoted(value)}");
            return true;
        }

        static bool Refused(Section one)
        {
            one.Wrong("operator", "must be In or NotIn with values, or Exists or DoesNotExist without");
            return false;
        }
    }

    /// <summary>A value as PromQL quotes it.</summary>
    public static string Quoted(string value) => "\"" + value.Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal) + "\"";

    /// <summary>A name with its matchers; one that PromQL would take for a subtraction stands in quotes.</summary>
    public static string Selector(string name, IReadOnlyCollection<string> matchers)
    {
        if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or ':') || char.IsAsciiDigit(name[0]))
            return $"{{{string.Join(",", matchers.Prepend(Quoted(name)))}}}";
        return matchers.Count > 0 ? $"{name}{{{string.Join(",", matchers)}}}" : name;
    }

    // A dash needs no escape outside of brackets, and looks better without.
    private static string Either(List<string> values) => string.Join("|", values.Select(Regex.Escape));
}
