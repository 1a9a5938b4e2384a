using LifecycleManager.Agent.Resources;

namespace LifecycleManager.Cli.Commands;

/// <summary>Reads what an agent says of its machine as the agent itself will, so that an error names the option.</summary>
internal static class AgentValues
{
    public static string Resources(string text)
    {
        _ = MachineResources.Detect(text, Path.GetTempPath());
        return text;
    }

    public static string Attributes(string text)
    {
        _ = AttributeText.Parse(text);
        return text;
    }
}
