namespace LifecycleManager.Demo;

/// <summary>The sample services as the build puts them beside the demo.</summary>
public static class BrownFieldOutput
{
    /// <summary>The directory with their program and what it needs beside the shared framework.</summary>
    public static string Directory { get; } = Path.Combine(AppContext.BaseDirectory, "samples");

    /// <summary>The program, to be run with <c>dotnet</c>.</summary>
    public static string Program { get; } = Path.Combine(Directory, "BrownField.dll");
}
