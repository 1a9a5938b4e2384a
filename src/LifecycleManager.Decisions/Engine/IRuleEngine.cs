using LifecycleManager.Decisions.Policies;

namespace LifecycleManager.Decisions.Engine;

/// <summary>The seam between deciding and the engine that evaluates rules.</summary>
public interface IRuleEngine
{
    /// <summary>The engine's name, for logs.</summary>
    string Name { get; }
}

/// <summary>The default engine: compiled expressions, no dependency, deterministic.</summary>
public sealed class BuiltInRuleEngine : IRuleEngine
{
    /// <inheritdoc />
    public string Name => "built-in";
}
