namespace LifecycleManager.Primitives.Text;

/// <summary>
/// Globs: <c>*</c> stands for any characters, <c>?</c> for one. Without backtracking over more than the last star: time is at
/// most the product of both lengths.
/// </summary>
public static class Glob
{
    /// <summary>Whether a text matches a glob.</summary>
    /// <param name="glob">The glob.</param>
    /// <param name="text">The whole text.</param>
    /// <param name="paths">A single star and a question mark stop at slashes; two stars do not.</param>
    public static bool IsMatch(ReadOnlySpan<char> glob, ReadOnlySpan<char> text, bool paths)
    {
        // Two return points: the last '**' outlives a '*' that stopped at a slash.
        var (g, t) = (0, 0);
        var (star, starText, wide, wideText) = (-1, 0, -1, 0);
        while (true)
        {
            if (g < glob.Length && glob[g] == '*')
            {
                if (g + 1 < glob.Length && glob[g + 1] == '*')
                {
                    g += 2;
                    (wide, wideText, star) = (g, t, -1);
                }
                else
                {
                    g++;
                    (star, starText) = (g, t);
                }

                continue;
            }

            if (t == text.Length)
            {
                if (g == glob.Length) return true;
            }
            else if (g < glob.Length && (glob[g] == text[t] || (glob[g] == '?' && !(paths && text[t] == '/'))))
            {
                g++;
                t++;
                continue;
            }

            if (star >= 0 && starText < text.Length && !(paths && text[starText] == '/'))
            {
                g = star;
                t = ++starText;
            }
            else if (wide >= 0 && wideText < text.Length)
            {
                g = wide;
                t = ++wideText;
                star = -1;
            }
            else
            {
                return false;
            }
        }
    }
}
