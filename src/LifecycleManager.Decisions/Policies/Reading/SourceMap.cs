using YamlDotNet.Core;

namespace LifecycleManager.Decisions.Policies.Reading;

/// <summary>Finds the place in the file of a character within a scalar.</summary>
internal static class SourceMap
{
    /// <summary>
    /// The line and column of an offset in a scalar's value. White space folds in YAML, what is no white space does not: the nth
    /// such character of the value is the nth of the source. (A backslash escape in double quotes may shift the column a little.)
    /// </summary>
    public static (int Line, int Column) Locate(string source, YamlScalar scalar, int offset)
    {
        var (line, column) = ((int)scalar.Start.Line, (int)scalar.Start.Column);
        var at = (int)scalar.Start.Index;
        if (scalar.Style is ScalarStyle.SingleQuoted or ScalarStyle.DoubleQuoted) Advance();
        if (scalar.Style is ScalarStyle.Literal or ScalarStyle.Folded)
        {
            while (at < source.Length && source[at] != '\n') Advance();
        }

        var wanted = 0;
        for (var i = 0; i < offset && i < scalar.Value.Length; i++)
        {
            if (!char.IsWhiteSpace(scalar.Value[i])) wanted++;
        }

        var atEnd = offset >= scalar.Value.Length;
        while (at < source.Length)
        {
            if (!char.IsWhiteSpace(source[at]))
            {
                if (wanted == 0) break;
                wanted--;
                if (wanted == 0 && atEnd)
                {
                    Advance();
                    break;
                }
            }

            Advance();
        }

        return (line, column);

        void Advance()
        {
            if (at >= source.Length) return;
            if (source[at++] == '\n') (line, column) = (line + 1, 1);
            else column++;
        }
    }
}
