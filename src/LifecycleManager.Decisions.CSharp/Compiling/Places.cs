using Microsoft.CodeAnalysis;

namespace LifecycleManager.Decisions.CSharp.Compiling;

/// <summary>The compiler's places.</summary>
internal static class Places
{
    /// <summary>The place as editors count: from 1. What a file says of lines (<c>#line</c>) does not count.</summary>
    public static RulePlace Place(this Location location)
    {
        var span = location.GetLineSpan();
        return new RulePlace(span.Path ?? "", span.StartLinePosition.Line + 1, span.StartLinePosition.Character + 1);
    }
}
