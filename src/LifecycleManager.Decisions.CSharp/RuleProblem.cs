namespace LifecycleManager.Decisions.CSharp;

/// <summary>A place in a rule file; lines and columns count from 1.</summary>
/// <param name="File">The file's path as it was given.</param>
/// <param name="Line">The line.</param>
/// <param name="Column">The column.</param>
public readonly record struct RulePlace(string File, int Line, int Column)
{
    /// <summary>The beginning of a file.</summary>
    internal static RulePlace Of(string file) => new(file, 1, 1);

    /// <inheritdoc />
    public override string ToString() => $"{File}:{Line}:{Column}";
}

/// <summary>Why rule files are refused, and where.</summary>
/// <param name="Place">Where.</param>
/// <param name="Message">The reason, for people.</param>
/// <param name="Code">
/// The kind, for machines: <c>CS1002</c> as the compiler has it, <c>state</c>, <c>apps</c>, <c>size</c>, ...
/// </param>
public sealed record RuleProblem(RulePlace Place, string Message, string Code)
{
    /// <summary><c>rules/shop.cs:7:3: error: ; expected (CS1002)</c>, as compilers write it.</summary>
    public override string ToString() => $"{Place}: error: {Message} ({Code})";
}
