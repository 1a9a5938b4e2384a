namespace LifecycleManager.Decisions.Policies;

/// <summary>The published JSON Schemas (draft 2020-12) of policy files and their tests, for editors.</summary>
public static class PolicySchema
{
    /// <summary>The text of the schema of policy files.</summary>
    public static string Text { get; } = Load("policy.schema.json");

    /// <summary>The text of the schema of tests of policies, <c>*.test.yml</c>.</summary>
    internal static string OfTests { get; } = Load("policy-test.schema.json");

    private static string Load(string name)
    {
        using var stream = typeof(PolicySchema).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException("the schema is not embedded");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
