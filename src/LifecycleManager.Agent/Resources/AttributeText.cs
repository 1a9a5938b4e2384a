using LifecycleManager.Protocol.Mesos;

namespace LifecycleManager.Agent.Resources;

/// <summary>
/// Mesos' syntax for attributes: <c>name:value</c>, separated by semicolons. A value is a number, <c>[begin-end]</c>,
/// <c>{item, ...}</c>, else text; so <c>rack:1</c> is a number.
/// </summary>
public static class AttributeText
{
    /// <summary>Parses attributes.</summary>
    /// <exception cref="FormatException">The text is not attributes; the message names the part.</exception>
    public static IReadOnlyList<AgentAttribute> Parse(string text)
    {
        var attributes = new List<AgentAttribute>();
        foreach (var part in ResourceText.Parts(text))
        {
            var colon = part.IndexOf(':', StringComparison.Ordinal);
            var name = colon <= 0 ? "" : part[..colon].Trim();
            var value = part[(colon + 1)..].Trim();
            if (name.Length == 0) throw new FormatException($"attributes: '{part}' is not name:value");
            if (value.Length == 0) throw new FormatException($"attributes: '{name}' has no value");
            attributes.Add(ResourceText.Value(value, $"attributes: '{name}'") is { } parsed
                ? new AgentAttribute
                {
                    Name = name,
                    Type = parsed.Type,
                    Scalar = parsed.Scalar,
                    Ranges = parsed.Ranges,
                    Set = parsed.Set
                }
                : OfText(name, value));
        }

        return attributes;
    }

    /// <summary>A text attribute.</summary>
    public static AgentAttribute OfText(string name, string value) =>
        new() { Name = name, Type = ResourceType.Text, Text = new Text(value) };
}
