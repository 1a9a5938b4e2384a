using System.Reflection;

namespace LifecycleManager.Scheduler.Tests;

/// <summary>The sample definitions, kept as they are.</summary>
internal static class Samples
{
    public static string Text(string name)
    {
        var folder = Path.Combine(Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location)!, "Definitions", "Samples");
        return File.ReadAllText(Path.Combine(folder, name + ".json"));
    }
}
