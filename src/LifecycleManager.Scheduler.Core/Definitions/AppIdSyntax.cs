namespace LifecycleManager.Scheduler.Core.Definitions;

/// <summary>
/// What an id may look like: Marathon's rule, each part a DNS label, together with dots, so that names can be made of it.
/// </summary>
internal static class AppIdSyntax
{
    /// <summary>Longest path, in characters.</summary>
    public const int MaxLength = 1_024;

    /// <summary>Most parts of a path.</summary>
    public const int MaxDepth = 32;

    /// <summary>Parts that mean something in the REST API's paths.</summary>
    private static readonly string[] Reserved = ["restart", "tasks", "versions"];

    /// <summary>Why a path is no id; null when it is one.</summary>
    public static string? WhyInvalid(AppId id)
    {
        if (id.Path.Length > MaxLength) return $"is longer than {MaxLength} characters";
        var parts = id.Segments;
        if (parts.Count > MaxDepth) return $"has more than {MaxDepth} parts";
        foreach (var part in parts)
        {
            if (IsPart(part)) continue;
            return $"must fully match regular expression '^(([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])\\.)*([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])|(\\.|\\.\\.)$': "
                + $"'{part}' may have lower case letters, digits, and between them hyphens and dots";
        }

        return parts.FirstOrDefault(part => Reserved.Contains(part, StringComparer.Ordinal)) is { } reserved
            ? $"must not have '{reserved}' as a part: [{string.Join(", ", Reserved)}] mean something in the API's own paths"
            : null;
    }

    private static bool IsPart(string part)
    {
        // Labels of letters, digits and inner hyphens, joined by single dots.
        var before = '.';
        foreach (var character in part)
        {
            if (character is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' or '.')) return false;
            if ((before == '.' && character is ('-' or '.')) || (before == '-' && character == '.')) return false;
            before = character;
        }

        return part.Length > 0 && before is not ('-' or '.');
    }
}
