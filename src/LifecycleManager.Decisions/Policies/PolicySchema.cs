namespace LifecycleManager.Decisions.Policies;

/// <summary>The published JSON Schema (draft 2020-12) of policy files, for editors.</summary>
public static class PolicySchema
{
    /// <summary>The schema's text.</summary>
    public static string Text { get; } = Load();

    private static string Load()
    {
        using var stream = typeof(PolicySchema).Assembly.GetManifestResourceStream("policy.schema.json")
            ?? throw new InvalidOperationException("the schema is not embedded");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
