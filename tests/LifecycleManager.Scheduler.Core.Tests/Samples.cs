using System.Runtime.CompilerServices;

namespace LifecycleManager.Scheduler.Core.Tests;

/// <summary>The sample definitions, kept as they are.</summary>
internal static class Samples
{
    public static string Text(string name) => File.ReadAllText(Path.Combine(Folder(), "Definitions", "Samples", name + ".json"));

    private static string Folder([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;
}
