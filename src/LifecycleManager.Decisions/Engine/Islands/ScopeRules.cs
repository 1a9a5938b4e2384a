using LifecycleManager.Decisions.Expressions;
using NRules;
using NRules.Fluent;
using NRules.Fluent.Dsl;

namespace LifecycleManager.Decisions.Engine.Islands;

/// <summary>
/// The rules of NRules that match what coordinations say: compiled once, for all islands, since each scope brings its rule.
/// </summary>
internal static class ScopeRules
{
    private static readonly Lazy<ISessionFactory> Network = new(() =>
    {
        var repository = new RuleRepository();
        repository.Load(source => source.PrivateTypes().NestedTypes().From(typeof(IsTrue), typeof(IsUnknown)));
        return repository.Compile();
    });

    /// <summary>A session without any scope yet.</summary>
    public static ISession CreateSession() => Network.Value.CreateSession();

    [Name("a condition is true")]
    internal sealed class IsTrue : Rule
    {
        public override void Define()
        {
            Scope scope = default!;
            When().Match(() => scope, s => s.Holds);
            Then().Do(_ => scope.Begin(Truth.True)).Undo(_ => scope.End(Truth.True));
        }
    }

    [Name("a condition is unknown")]
    internal sealed class IsUnknown : Rule
    {
        public override void Define()
        {
            Scope scope = default!;
            When().Match(() => scope, s => s.IsUnknown);
            Then().Do(_ => scope.Begin(Truth.Unknown)).Undo(_ => scope.End(Truth.Unknown));
        }
    }
}
