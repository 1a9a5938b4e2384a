using MudBlazor;

namespace LifecycleManager.Console.Components;

/// <summary>Colors and letters: legible in light and dark (WCAG AA), and nothing that is fetched from elsewhere.</summary>
internal static class Look
{
    private static readonly string[] Letters = ["system-ui", "sans-serif"];

    /// <summary>The theme.</summary>
    public static MudTheme Theme { get; } = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#0b5cad",
            Error = "#b42318",
            Background = "#f6f7f9",
            Surface = "#ffffff",
            TextPrimary = "#1b2430",
            TextSecondary = "#525d6c",
            LinesDefault = "#dde1e7",
            ActionDefault = "#525d6c",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#6db3ff",
            PrimaryContrastText = "#10151c",
            Error = "#ff8a80",
            ErrorContrastText = "#10151c",
            Background = "#14171c",
            Surface = "#1c2027",
            TextPrimary = "#e3e8ef",
            TextSecondary = "#a3adbc",
            LinesDefault = "#303744",
            ActionDefault = "#a3adbc",
        },
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = Letters, FontSize = "15px" },
            Button = new ButtonTypography { FontFamily = Letters, TextTransform = "none", FontSize = "15px" },
        },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "6px" },
    };
}
