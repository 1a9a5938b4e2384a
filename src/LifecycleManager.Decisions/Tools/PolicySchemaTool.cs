using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Tools;

/// <summary><c>lcm policy schema</c>: the JSON Schema of policy files, for editors.</summary>
public static class PolicySchemaTool
{
    /// <summary>Writes the schema.</summary>
    /// <param name="output">Gets it.</param>
    /// <param name="ofTests">Whether that of tests is meant.</param>
    /// <returns>0.</returns>
    public static int Run(TextWriter output, bool ofTests = false)
    {
        ArgumentNullException.ThrowIfNull(output);
        output.Write(ofTests ? PolicySchema.OfTests : PolicySchema.Text);
        return ExitCodes.Good;
    }
}
