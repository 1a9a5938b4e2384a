namespace LifecycleManager.Console.Terminals;

/// <summary>How a character is shown.</summary>
/// <param name="Front">Its color, 0 to 15; null for the usual one.</param>
/// <param name="Back">The color behind it, 0 to 15; null for the usual one.</param>
/// <param name="IsBold">Whether it is bold.</param>
/// <param name="IsUnderlined">Whether it is underlined.</param>
/// <param name="IsInverse">Whether both colors change places.</param>
public readonly record struct TerminalStyle(
    int? Front = null, int? Back = null, bool IsBold = false, bool IsUnderlined = false, bool IsInverse = false)
{
    /// <summary>The style after a sequence that selects one (SGR): what is not known of it changes nothing.</summary>
    /// <param name="codes">The numbers of the sequence.</param>
    public TerminalStyle After(IReadOnlyList<int> codes)
    {
        ArgumentNullException.ThrowIfNull(codes);
        var style = this;
        for (var i = 0; i < codes.Count; i++)
        {
            var code = codes[i];
            style = code switch
            {
                0 => default,
                1 => style with { IsBold = true },
                4 => style with { IsUnderlined = true },
                7 => style with { IsInverse = true },
                22 => style with { IsBold = false },
                24 => style with { IsUnderlined = false },
                27 => style with { IsInverse = false },
                >= 30 and <= 37 => style with { Front = code - 30 },
                39 => style with { Front = null },
                >= 40 and <= 47 => style with { Back = code - 40 },
                49 => style with { Back = null },
                >= 90 and <= 97 => style with { Front = code - 82 },
                >= 100 and <= 107 => style with { Back = code - 92 },
                _ => style,
            };

            // A color of 256, or of all: the sixteen are shown, others as the usual one; its numbers are no styles.
            if (code is not (38 or 48)) continue;
            var kind = i + 1 < codes.Count ? codes[i + 1] : 0;
            int? color = kind == 5 && i + 2 < codes.Count && codes[i + 2] < 16 ? codes[i + 2] : null;
            style = code == 38 ? style with { Front = color } : style with { Back = color };
            i += kind switch { 5 => 2, 2 => 4, _ => 0 };
        }

        return style;
    }
}
