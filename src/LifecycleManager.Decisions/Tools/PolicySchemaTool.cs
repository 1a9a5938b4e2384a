using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tools;

/// <summary><c>lcm policy schema</c>: the JSON Schema of policy files, for editors.</summary>
public static class PolicySchemaTool
{
    /// <summary>Writes the schema.</summary>
    /// <returns>0.</returns>
    public static int Run(TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.Write(PolicySchema.Text);
        return ExitCodes.Good;
    }
}
