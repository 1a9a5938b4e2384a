using YamlDotNet.Core;

namespace LifecycleManager.Decisions.Tools;

/// <summary>A comment of a YAML file.</summary>
/// <param name="Line">Its line, from 1.</param>
/// <param name="Column">Its column, from 1.</param>
/// <param name="Text">What it says, with its sign.</param>
/// <param name="Inline">Whether something stands before it.</param>
internal sealed record Comment(int Line, int Column, string Text, bool Inline)
{
    /// <summary>The comments of a text, in their order.</summary>
    public static List<Comment> In(string text)
    {
        var comments = new List<Comment>();
        var scanner = new Scanner(new StringReader(text), skipComments: false);
        while (scanner.MoveNext())
        {
            if (scanner.Current is YamlDotNet.Core.Tokens.Comment comment)
                comments.Add(new Comment((int)comment.Start.Line, (int)comment.Start.Column, TextAt((int)comment.Start.Index),
                    comment.IsInline));
        }

        return comments;

        // What is indented within a comment stays so: lists, and keys that are commented out.
        string TextAt(int start)
        {
            var end = text.AsSpan(start).IndexOfAny('\r', '\n');
            var value = text.AsSpan(start + 1, (end < 0 ? text.Length - start : end) - 1).TrimEnd();
            return value is [] or [' ' or '\t', ..] ? $"#{value}" : $"# {value}";
        }
    }
}
